"""Unknown fields over HTTP: refused by name, or ignored and listed in a header."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.settings import Settings
from tests.api.bad_input.asking import (
    BATCH,
    CATEGORIZE,
    EMBED,
    EXTRACT,
    JOBS,
    RICH,
    assert_problem,
    b64,
    item_job,
    receipt_job,
)
from tests.support.fronts import front_http
from tests.support.runners import ITEM

JOB = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
HEADER = "X-Ignored-Fields"


@pytest.fixture
async def strict(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a front with STRICT_REQUESTS."""
    async with front_http(settings.model_copy(update={"strict_requests": True})) as http:
        yield http


async def test_ignored_fields_are_listed(http: httpx.AsyncClient) -> None:
    """The job is the same as without them, so the idempotency key finds it."""
    key = {"Idempotency-Key": "k"}
    plain = await http.post(JOBS, json=JOB, headers=key)
    extra = {**JOB, "colour": "é", "payload": {**ITEM, "köln, 50": 1}, "metadata": {"mine": 1}}
    answer = await http.post(JOBS, json=extra, headers=key)

    assert HEADER not in plain.headers
    assert answer.headers[HEADER] == "payload.k%C3%B6ln%2C%2050, colour"
    assert (answer.status_code, answer.json()["id"]) == (202, plain.json()["id"])


async def test_a_header_can_hold_the_list_and_the_id_whatever_they_are(
    http: httpx.AsyncClient,
) -> None:
    """The server drops the connection for a header that begins or ends with a space."""
    ignored = await http.post(JOBS, json={**JOB, "zzz": 1, "": 1})
    refused = await http.post(JOBS, json={**JOB, "request_id": " id "})

    assert ignored.headers[HEADER] == 'zzz, ""'
    assert refused.headers["X-Request-ID"] == "%20id%20"


async def test_a_long_list_is_cut(http: httpx.AsyncClient) -> None:
    """A header has to stay small enough for every proxy."""
    answer = await http.post(JOBS, json={**JOB, **{f"x{n}" + "y" * 500: n for n in range(100)}})

    names = answer.headers[HEADER].split(", ")
    assert (answer.status_code, len(names), names[-1]) == (202, 21, "...")
    assert max(map(len, names)) == 99 + len("%E2%80%A6")


@pytest.mark.parametrize(
    ("path", "body", "field", "advice"),
    [
        (JOBS, {**JOB, "callback_url": "http://x"}, "callback_url", '`callback: {"url": …}`'),
        (CATEGORIZE, {**item_job(item_name="Milk"), "idempotency_key": "k"}, "idempotency_key",
         "Idempotency-Key header"),
        (CATEGORIZE, item_job(itemname="Milk"), "payload.itemname", "`payload.item_name`"),
        (BATCH, item_job(items=[{"id": 1, "name": "Milk", "names": "x"}]), "payload.items[].names",
         "`payload.items[].name`"),
        (EMBED, {"text": ["milk"]}, "text", "`texts`"),
        (EXTRACT, receipt_job("", options={"candidate_label": ["Dairy"]}),
         "payload.options.candidate_label", "`payload.options.candidate_labels`"),
        (RICH, {"tenant_id": "t", "image_base64": "", "options": {"dpi": 300}}, "options.dpi",
         "no such option"),
    ],
)  # fmt: skip
async def test_a_field_that_would_change_the_answer_is_refused_by_name(
    http: httpx.AsyncClient, path: str, body: Any, field: str, advice: str
) -> None:
    """The name that was sent comes before what is missing because of it."""
    problem = assert_problem(await http.post(path, json=body), 422, "unknown_field")

    assert problem.fields is not None
    assert [found.field for found in problem.fields] == [field]
    assert advice in problem.detail
    assert problem.detail.startswith(f"{field}: ")


@pytest.mark.parametrize("name", ["colour", "candidate_labels"])
async def test_half_a_character_is_no_trouble(http: httpx.AsyncClient, name: str) -> None:
    """JSON can escape a lone surrogate, which no answer can hold."""
    body = json.dumps({**JOB, "NAME": 1}).replace("NAME", f"{name}\\ud800")
    answer = await http.post(JOBS, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == (202 if name == "colour" else 422)
    assert f"{name}?" in answer.headers.get(HEADER, "").replace("%3F", "?") + answer.text


@pytest.mark.parametrize("path", [JOBS, RICH])
async def test_a_refusal_carries_the_callers_request_id(http: httpx.AsyncClient, path: str) -> None:
    """Both a refusal of an unknown field and one of a wrong value do."""
    for wrong in ({"callback_url": "http://x"}, {"priority": 10}):
        answer = await http.post(path, json={**JOB, "request_id": "r-1", **wrong})

        assert (answer.status_code, answer.json()["request_id"]) == (422, "r-1")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (JOBS, {**JOB, "colour": 1}, "colour"),
        (JOBS, {**JOB, "callback_url": None}, "callback_url"),
        (EXTRACT, receipt_job("", dpi=300), "payload.dpi"),
        (RICH, {"tenant_id": "t", "image_base64": "", "dpi": 300}, "dpi"),
        (JOBS, {**JOB, "flat": 1}, "flat"),
    ],
)
async def test_strict_requests_have_no_unknown_field_at_all(
    strict: httpx.AsyncClient, path: str, body: Any, field: str
) -> None:
    problem = assert_problem(await strict.post(path, json=body), 422, "unknown_field")

    assert problem.fields is not None
    assert problem.fields[0].field == field


async def test_strict_requests_may_have_metadata_of_their_own(strict: httpx.AsyncClient) -> None:
    assert (await strict.post(JOBS, json={**JOB, "metadata": {"mine": 1}})).status_code == 202


async def test_a_form_is_judged_like_a_body(http: httpx.AsyncClient) -> None:
    """The options of a form stand beside its other fields."""
    file = {"file": ("receipt.png", b"no image")}
    fields = {"tenant_id": "t", "candidate_labels": ["a", "b"], "metadata": '{"fresh": true}'}
    ignored = await http.post(RICH, data={**fields, "colour": "red"}, files=file)
    refused = await http.post(RICH, data={**fields, "callback_url": "http://x"}, files=file)
    invalid = await http.post(RICH, data={**fields, "metadata": "{"}, files=file)

    assert_problem(ignored, 415, "unsupported_image_format")
    assert ignored.headers[HEADER] == "colour"
    assert_problem(refused, 422, "unknown_field")
    assert assert_problem(invalid, 422, "invalid_request").detail.startswith("metadata: ")


async def test_an_image_reference_keeps_its_own_refusal(
    http: httpx.AsyncClient, receipt_png: bytes
) -> None:
    """A null in its place is ignored, like any other."""
    url = receipt_job(b64(receipt_png), image_url="http://x")
    null = receipt_job(b64(receipt_png), image_url=None)

    assert_problem(await http.post(JOBS, json=url), 422, "image_reference_refused")
    answer = await http.post(JOBS, json=null)
    assert (answer.status_code, answer.headers[HEADER]) == (202, "payload.image_url")
