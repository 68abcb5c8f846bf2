"""Every bad request is answered with a status, a stable code and a sentence, never with a 500."""

import json
from typing import Any

import httpx
import pytest

from shared.contracts.problems import Problem
from tests.api.bad_input.asking import (
    BATCH,
    CATEGORIZE,
    EMBED,
    EXTRACT,
    JOBS,
    RICH,
    assert_problem,
    item_job,
    receipt_job,
)

BODIES = [
    pytest.param(JOBS, {"tenant_id": "t", "feature": "divination", "payload": {}}, 422,
                 "unknown_feature", id="unknown feature"),
    pytest.param(JOBS, {"tenant_id": "t", "payload": {}}, 422, "invalid_request", id="no feature"),
    pytest.param(JOBS, {}, 422, "invalid_request", id="empty object"),
    pytest.param(JOBS, [], 422, "invalid_request", id="a list"),
    pytest.param(JOBS, "text", 422, "invalid_request", id="a string"),
    pytest.param(JOBS, receipt_job("", image_url="http://example.org/a.jpg"), 422,
                 "image_reference_refused", id="image_url"),
    pytest.param(JOBS, receipt_job("", image_path="/etc/passwd"), 422,
                 "image_reference_refused", id="image_path"),
    pytest.param(RICH, {"tenant_id": "t", "image_url": "http://example.org/a.jpg"}, 422,
                 "image_reference_refused", id="image_url, rich"),
    pytest.param(RICH, {"image_base64": "aGk="}, 422, "tenant_required", id="nobody's receipt"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=[]), 422,
                 "invalid_request", id="0 labels"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=["  "]), 422,
                 "invalid_request", id="a blank label"),
    pytest.param(CATEGORIZE, item_job(item_name="Milk", candidate_labels=["x"] * 101), 422,
                 "invalid_request", id="101 labels"),
    pytest.param(CATEGORIZE, item_job(item_name=""), 422, "invalid_request", id="no name"),
    pytest.param(CATEGORIZE, item_job(item_name="a\x00b"), 422, "invalid_request", id="null byte"),
    pytest.param(CATEGORIZE, item_job(item_name="x" * 501), 422, "invalid_request", id="long name"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "a b"}, 422,
                 "invalid_request", id="white space in the tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "t\x00"}, 422,
                 "invalid_request", id="null byte in the tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "tenant_id": "t" * 201}, 422,
                 "invalid_request", id="long tenant"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "feature": "embedding"}, 422,
                 "invalid_request", id="another call's feature"),
    pytest.param(CATEGORIZE, {**item_job(item_name="Milk"), "priority": 10}, 422,
                 "invalid_request", id="priority out of range"),
    pytest.param(BATCH, item_job(items=[]), 422, "invalid_request", id="0 items"),
    pytest.param(BATCH, item_job(items=[{"id": i, "name": "x"} for i in range(51)]), 422,
                 "invalid_request", id="51 items"),
    pytest.param(EMBED, {"texts": []}, 422, "invalid_request", id="0 texts"),
    pytest.param(EMBED, {"texts": [{"id": 1, "text": ""}]}, 422, "invalid_request", id="no text"),
    pytest.param(EMBED, {"texts": [{"id": 1, "text": "x"}], "batch_size": 0}, 422,
                 "invalid_request", id="batches of nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "code"), BODIES)
async def test_bodies_that_do_not_fit_the_contract_are_refused(
    http: httpx.AsyncClient, path: str, body: Any, status: int, code: str
) -> None:
    """The answer names each field and what is wrong with it."""
    problem = assert_problem(await http.post(path, json=body), status, code)

    assert problem.fields


@pytest.mark.parametrize(
    ("name", "value"),
    [("default_currency", "EURO"), ("country", "UK"), ("locale", "german"), ("country", 49)],
)
async def test_a_hint_that_names_nothing_is_refused(
    http: httpx.AsyncClient, name: str, value: Any
) -> None:
    """The answer names the field on every call that takes it, the form included."""
    in_job = receipt_job("aGk=", options={name: value})
    in_body = {"tenant_id": "t", "image_base64": "aGk=", "options": {name: value}}
    in_form = {"tenant_id": "t", name: str(value)}
    answers = [
        await http.post(JOBS, json=in_job),
        await http.post(EXTRACT, json=in_job),
        await http.post(RICH, json=in_body),
        await http.post(RICH, data=in_form, files={"file": b"image"}),
    ]

    for answer in answers:
        (field,) = assert_problem(answer, 422, "invalid_request").fields or []
        assert field.field.endswith(f"options.{name}")


RAW = [
    pytest.param(b"{", 400, "malformed_body", id="cut JSON"),
    pytest.param(b"\xff\xfe", 400, "malformed_body", id="not UTF-8"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, 400, "malformed_body", id="deep JSON"),
    pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "malformed_body", id="deep object"),
    pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 413, "request_too_large", id="objects"),
    pytest.param(b'{"priority": 1' + b"0" * 5000 + b"}", 400, "malformed_body", id="a long number"),
    pytest.param(b"", 422, "invalid_request", id="no body"),
]


@pytest.mark.parametrize(("content", "status", "code"), RAW)
async def test_bodies_that_are_not_json_are_refused(
    http: httpx.AsyncClient, content: bytes, status: int, code: str
) -> None:
    """A body that exceeds a limit of the parser cannot crash a front."""
    answer = await http.post(JOBS, content=content, headers={"content-type": "application/json"})

    assert_problem(answer, status, code)


@pytest.mark.parametrize("text", ["\\ud800", "a\\u0000b"])
async def test_text_that_cannot_be_stored_is_refused(http: httpx.AsyncClient, text: str) -> None:
    """Lone surrogates and null bytes are valid JSON escapes, but Postgres refuses them."""
    body = json.dumps(item_job(item_name="NAME")).replace("NAME", text)
    answer = await http.post(CATEGORIZE, content=body, headers={"content-type": "application/json"})

    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("path", [JOBS, CATEGORIZE, RICH])
@pytest.mark.parametrize("size", [20_000_000])
async def test_a_body_over_the_limit_is_refused_while_it_arrives(
    http: httpx.AsyncClient, path: str, size: int
) -> None:
    """A body need not have a Content-Length."""

    async def chunks() -> Any:
        for _ in range(size // 100_000):
            yield b" " * 100_000

    answer = await http.post(path, content=chunks(), headers={"content-type": "application/json"})

    assert_problem(answer, 413, "request_too_large")


async def test_another_content_type_is_refused(http: httpx.AsyncClient) -> None:
    """A JSON body needs the content type of JSON."""
    answer = await http.post(JOBS, content=b"{}", headers={"content-type": "text/plain"})

    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"data": {"tenant_id": "t"}}, id="no file"),
        pytest.param({"data": {"tenant_id": "t", "file": "text"}}, id="a field named file"),
    ],
)
async def test_uploads_without_a_file_are_refused(
    http: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    """The answer says that the file is missing."""
    parts = [(name, (None, value)) for name, value in form["data"].items()]
    answer = await http.post(RICH, files=parts)

    assert "file" in assert_problem(answer, 422, "invalid_request").detail


async def test_a_form_without_its_boundary_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(RICH, content=b"--x", headers={"content-type": "multipart/form-data"})

    assert_problem(answer, 400, "malformed_body")


async def test_unknown_paths_and_methods_are_problems(http: httpx.AsyncClient) -> None:
    """The framework's own rejections are problem documents too."""
    assert_problem(await http.get("/nowhere"), 404, "not_found")
    assert_problem(await http.delete(JOBS), 405, "method_not_allowed")


async def test_a_problem_carries_the_callers_request_id(http: httpx.AsyncClient) -> None:
    """The id in the body comes first, then that in the header, then a new one."""
    of_body = await http.post(CATEGORIZE, json={"request_id": "r-1"})
    of_header = await http.post(CATEGORIZE, json={}, headers={"X-Request-ID": "r-2"})
    made_up = await http.post(CATEGORIZE, json={})

    foreign = await http.post(CATEGORIZE, json={"request_id": "anfrage-ü-要求"})

    assert foreign.json()["request_id"] == "anfrage-ü-要求"
    assert Problem.model_validate(of_body.json()).request_id == "r-1"
    assert Problem.model_validate(of_header.json()).request_id == "r-2"
    assert made_up.json()["request_id"] == made_up.headers["X-Request-ID"]
