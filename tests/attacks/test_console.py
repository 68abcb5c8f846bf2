"""Odd texts and forms that are sent to the console: none ends in an internal error."""

import json

import httpx
import pytest

from shared.contracts.features import Feature
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.wire.rates import LoginRates
from tests.support.access.logins import csrf_of
from tests.support.job_rows import insert_job, new_job

NULL = "\x00"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("/console/jobs", ("text", "tenant", "code", "worker_id", "request_id")),
        ("/console/audit", ("action", "actor", "tenant")),
        ("/api/v1/jobs?tenant_id=t", ("text", "code", "worker_id")),
    ],
)
async def test_a_null_byte_in_a_filter_is_refused(
    http: httpx.AsyncClient, page: str, names: tuple[str, ...]
) -> None:
    path = page.partition("?")[0]
    for name in names:
        query = {"tenant_id": "t", name: NULL} if "tenant_id" in page else {name: NULL}
        assert (await http.get(path, params=query)).status_code == 422, name


async def test_a_null_byte_in_a_form_is_refused(http: httpx.AsyncClient) -> None:
    csrf = await csrf_of(http, "/console/jobs")
    for name in ("text", "tenant", "code", "worker_id"):
        form = {"csrf": csrf, "action": "retry", "all": "1", name: NULL}
        assert (await http.post("/console/bulk", data=form)).status_code == 422, name
    for change in ("drain", "resume"):
        answer = await http.post(f"/console/workers/%00/{change}", data={"csrf": csrf})
        assert answer.status_code == 404


async def test_json_of_any_depth_is_refused(http: httpx.AsyncClient, database: Database) -> None:
    payload = json.dumps({"items": ["Milk"], "candidate_labels": ["Dairy"]})
    async with database.transaction() as session:
        job = new_job(feature=Feature.CATEGORIZATION_BATCH, payload=payload)
        await insert_job(session, job)
    form = {"csrf": await csrf_of(http, "/console/jobs"), "items": "[" * 20_000}

    answer = await http.post(f"/console/jobs/{job.id}/again", data=form)

    assert answer.status_code == 422


async def test_a_file_in_place_of_a_field_is_refused(
    http: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as session:
        job = new_job(feature=Feature.RECEIPT_EXTRACTION, payload="{}")
        await insert_job(session, job)
    form = {"csrf": await csrf_of(http, "/console/jobs")}

    answer = await http.post(
        f"/console/jobs/{job.id}/again", data=form, files={"country": ("a", b"x")}
    )

    assert answer.status_code == 422


async def test_a_job_with_empty_options_has_a_page(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Another version may have written it."""
    async with database.transaction() as session:
        job = await insert_job(session, new_job(payload='{"options": null}'))

    assert (await http.get(f"/console/jobs/{job.id}")).status_code == 200


async def test_addresses_of_a_network_share_the_logins(settings: Settings) -> None:
    """Whoever has one address of IPv6 has all those of its network."""
    logins = LoginRates(settings)
    try:
        counted = [await logins.count(f"2001:db8::{number}") for number in range(1, 12)]
        elsewhere = await logins.count("2001:db8:0:1::1")
        await logins.count("::ffff:192.0.2.1")
        mapped = await logins.count("192.0.2.1")
    finally:
        await logins.close()

    assert [window.exceeded for window in counted] == [False] * 10 + [True]
    assert not elsewhere.exceeded
    assert mapped.remaining == 8
