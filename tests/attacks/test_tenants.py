"""No caller sees or changes what is another tenant's, by whatever it names."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from shared.store.postgres.database import Database
from tests.attacks.calls import Call, calls
from tests.attacks.conftest import Guarded
from tests.support.access.tokens import bearer, stored_token
from tests.support.callback_rows import add_job, asked
from tests.support.runners import ITEM

JOBS = "/api/v1/jobs"
SECRET = "Secret Salami"


def body(tenant_id: str, **different: Any) -> dict[str, Any]:
    """Return a request for a job."""
    payload = {**ITEM, "item_name": SECRET}
    return {"tenant_id": tenant_id, "feature": "categorization", "payload": payload, **different}


async def submit(guarded: Guarded, **different: Any) -> str:
    """Submit a job of the tenant `home`, and return its id."""
    answer = await guarded.http.post(
        JOBS, headers=bearer(guarded.home), json=body("home", **different)
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def shown(guarded: Guarded) -> list[dict[str, Any]]:
    """Return the jobs of `home`, as `home` sees them."""
    jobs: list[dict[str, Any]] = (
        await guarded.http.get(JOBS, headers=bearer(guarded.home))
    ).json()["jobs"]
    return jobs


def naming(tenant_id: str) -> list[dict[str, Mapping[str, Any]]]:
    """Return the ways in which a request can name a tenant."""
    return [
        {"headers": {"X-Tenant-ID": tenant_id}},
        {"query": {"tenant_id": tenant_id}},
        {"body": {"tenant_id": tenant_id, "account_id": tenant_id}},
    ]


def takes_a_tenant(call: Call) -> bool:
    """Return whether a call is about the jobs of a tenant."""
    return call.path.startswith("/api/v1") and not call.path.startswith(
        (
            "/api/v1/audit",
            "/api/v1/queues",
            "/api/v1/schemas",
            "/api/v1/tenants",
            "/api/v1/workers",
        )
    )


async def test_no_call_acts_for_another_tenant(guarded: Guarded) -> None:
    """The calls are those of the document, and each is asked in every way that names a tenant."""
    job_id = await submit(guarded)
    before = await shown(guarded)
    wrong = []
    for call in filter(takes_a_tenant, calls()):
        for named in naming("home"):
            if "body" in named and call.body is None:
                continue
            headers = {**bearer(guarded.other), **named.get("headers", {})}
            answer = await call.send(
                guarded.http,
                headers,
                ids={"job_id": job_id},
                query=named.get("query"),
                body=named.get("body"),
            )
            if answer.status_code != 403 or SECRET in answer.text:
                wrong.append((call.name, named, answer.status_code))

    assert wrong == []
    assert await shown(guarded) == before


async def test_another_tenants_job_does_not_exist(guarded: Guarded) -> None:
    """The answer is the same as for a job that nobody has."""
    job_id = await submit(guarded)
    before = await shown(guarded)
    found = [call for call in calls() if "{job_id}" in call.path]
    wrong = []
    for call in found:
        answers = [
            await call.send(guarded.http, bearer(guarded.other), ids=ids)
            for ids in ({"job_id": job_id}, {})
        ]
        told = [
            (answer.status_code, answer.json()["error"], answer.json()["detail"])
            for answer in answers
        ]
        if told[0] != told[1] or told[0][:2] != (404, "job_not_found"):
            wrong.append((call.name, told))

    assert len(found) >= 6
    assert wrong == []
    assert await shown(guarded) == before


async def test_lists_cursors_and_ids_show_no_others(guarded: Guarded) -> None:
    """Another tenant's cursor is a place in time, and its ids are missing."""
    ids = [await submit(guarded, metadata={"fresh": True}, request_id=f"r{n}") for n in range(3)]
    ours = await guarded.http.get(JOBS, headers=bearer(guarded.home), params={"limit": 1})
    cursor = ours.json()["next_cursor"]
    other = bearer(guarded.other)
    for query in ({}, {"cursor": cursor}, {"status": "queued"}, {"feature": "categorization"}):
        assert (await guarded.http.get(JOBS, headers=other, params=query)).json()["jobs"] == []
    asked_for = await guarded.http.get(JOBS, headers=other, params={"ids": ",".join(ids)})

    assert cursor
    assert (asked_for.json()["jobs"], asked_for.json()["missing"]) == ([], ids)


async def test_a_key_is_the_tenants_own(guarded: Guarded) -> None:
    """The same key, request id and work of another tenant are another job."""
    job_id = await submit(guarded, request_id="same")
    answer = await guarded.http.post(
        JOBS,
        headers={**bearer(guarded.other), "Idempotency-Key": "same"},
        json=body("other", request_id="same"),
    )

    assert answer.status_code == 202
    assert answer.json()["id"] != job_id
    assert "Idempotency-Replayed" not in answer.headers


async def test_callbacks_of_others_are_hidden(guarded: Guarded, database: Database) -> None:
    """The job exists, has a callback, and its owner sees that."""
    job_id = await add_job(database, asked(), tenant_id="home")
    path = f"{JOBS}/{job_id}/callbacks"

    assert (await guarded.http.get(path, headers=bearer(guarded.other))).status_code == 404
    assert (await guarded.http.get(path, headers=bearer(guarded.home))).json()["callbacks"]


@pytest.mark.parametrize(
    ("header", "query", "named"),
    [("a", "", "b"), ("", "a", "b"), ("a", "b", "a"), ("b", "a", "a")],
)
async def test_header_query_and_body_have_to_agree(
    http: httpx.AsyncClient, header: str, query: str, named: str
) -> None:
    """A gateway that sets the header can rely on it, also without tokens."""
    headers = {"X-Tenant-ID": header} if header else {}
    params = {"tenant_id": query} if query else {}
    wrong = []
    for call in filter(takes_a_tenant, calls()):
        if call.body is not None:
            of = {"tenant_id": named, "account_id": named}
            answer = await call.send(http, headers, query=params, body=of)
            if (answer.status_code, answer.json()["error"]) != (403, "forbidden"):
                wrong.append((call.name, answer.status_code))

    assert wrong == []


async def test_two_headers_have_to_agree(http: httpx.AsyncClient) -> None:
    """The one that a gateway added does not hide the caller's own."""
    twice = [("X-Tenant-ID", "a"), ("X-Tenant-ID", "b")]

    assert (await http.get(JOBS, headers=twice)).status_code == 403
    assert (await http.get(JOBS, headers=[*twice[:1], twice[0]])).status_code == 200


async def test_an_upload_has_to_agree(guarded: Guarded, blank_png: bytes) -> None:
    """The fields of a form are those of a body."""
    answer = await guarded.http.post(
        "/api/v1/receipts/extract",
        headers=bearer(guarded.other),
        data={"account_id": "home"},
        files={"file": ("receipt.png", blank_png, "image/png")},
    )

    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


async def test_entries_of_a_batch_have_to_agree(guarded: Guarded) -> None:
    """A bad entry refuses none of the others; a batch that is for another tenant is refused."""
    entries = [body("other"), body("home"), {**body("other"), "request_id": "r"}]
    for top in ({}, {"tenant_id": "other"}):
        answer = await guarded.http.post(
            f"{JOBS}/batch", headers=bearer(guarded.other), json={**top, "jobs": entries}
        )
        errors = [
            result["error"] and result["error"]["code"] for result in answer.json()["results"]
        ]
        assert errors == [None, "forbidden", None]
    whole = await guarded.http.post(
        f"{JOBS}/batch", headers=bearer(guarded.service), json={"tenant_id": "x", "jobs": entries}
    )
    refused = await guarded.http.post(
        f"{JOBS}/batch", headers=bearer(guarded.other), json={"tenant_id": "home", "jobs": entries}
    )

    assert {result["error"]["code"] for result in whole.json()["results"]} == {"forbidden"}
    assert refused.status_code == 403
    assert await shown(guarded) == []


async def test_a_token_for_several_tenants_has_to_name_one(
    guarded: Guarded, database: Database
) -> None:
    """An embedding without a tenant is for the only one of its token, or refused."""
    both = await stored_token(database, "a", "b")
    texts = {"texts": [{"id": "1", "text": "Milk"}]}
    for token in (both, guarded.service):
        for answer in (
            await guarded.http.post("/api/v1/embed", headers=bearer(token), json=texts),
            await guarded.http.get(JOBS, headers=bearer(token)),
        ):
            assert (answer.status_code, answer.json()["error"]) == (422, "tenant_required")
    named = await guarded.http.get(JOBS, headers={**bearer(both), "X-Tenant-ID": "b"})
    third = await guarded.http.get(JOBS, headers={**bearer(both), "X-Tenant-ID": "c"})

    assert (named.status_code, third.status_code) == (200, 403)


async def test_nobodys_secrets_are_in_refusals(guarded: Guarded) -> None:
    """A refusal shows neither the token nor what was sent."""
    answer = await guarded.http.post(
        JOBS, headers=bearer(guarded.other), content=json.dumps(body("home"))
    )

    assert SECRET not in answer.text
    assert guarded.other not in answer.text
