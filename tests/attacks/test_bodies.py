"""Bodies that are large, deep or have a million parts are refused before they cost anything."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.requests.body import LARGEST_TEXT, BodyRoute
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

JOB_BATCH = f"{JOBS}/batch"
JSON = {"content-type": "application/json"}
TOO_LARGE, MALFORMED = (413, "request_too_large"), (400, "malformed_body")
WITH_IMAGE = (JOBS, EXTRACT, RICH)


def object_of(count: int) -> str:
    """Return an object with so many keys."""
    return "{" + ",".join(f'"k{number}":0' for number in range(count)) + "}"


async def test_a_million_values_are_refused_unparsed(http: httpx.AsyncClient) -> None:
    """The text is not even JSON, and nobody notices."""
    for path in (*WITH_IMAGE, CATEGORIZE, BATCH, EMBED, JOB_BATCH):
        few = 90_000 if path in (CATEGORIZE, BATCH) else 300_000
        answer = await http.post(path, content="[" + "0," * few, headers=JSON)

        assert_problem(answer, *TOO_LARGE)


async def test_depth_is_refused(http: httpx.AsyncClient) -> None:
    """Recursion over a body ends after 32 levels."""
    for path in (*WITH_IMAGE, CATEGORIZE, BATCH, EMBED, JOB_BATCH):
        for opened, levels in (("[", 33), ('{"a":', 33), ('[{"a":', 17), ("[0,[0],", 33)):
            answer = await http.post(path, content=opened * levels, headers=JSON)

            assert_problem(answer, *MALFORMED)


@pytest.mark.parametrize("path", WITH_IMAGE)
async def test_only_an_image_may_be_large(http: httpx.AsyncClient, path: str) -> None:
    """A call that takes images takes nothing else of ten megabytes, whatever its name is."""
    job = {**receipt_job("aGk="), "image_base64": "aGk="}
    large = "A" * (LARGEST_TEXT + 1)
    for fields in ({"user_id": large}, {"blob": large}, {"metadata": {"image_base64": large}}):
        assert_problem(await http.post(path, json={**fields, **job}), *TOO_LARGE)


@pytest.mark.parametrize("path", WITH_IMAGE)
async def test_a_large_body_without_an_image_is_refused_early(
    http: httpx.AsyncClient, path: str
) -> None:
    """The rest of it is not read."""
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(130):
            read += 1
            yield b" " * 100_000

    assert_problem(await http.post(path, content=body(), headers=JSON), *TOO_LARGE)
    assert read < 15


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        # A list of labels, and of items, that is far too long.
        (CATEGORIZE, item_job(item_name="Milk", candidate_labels=[0] * 15_000), 422),
        (BATCH, item_job(items=[{}] * 9_000), 422),
        (EMBED, {"texts": [""] * 15_000}, 422),
        # Nineteen thousand fields that nobody knows.
        (EMBED, {"texts": ["Milk"], **json.loads(object_of(19_000))}, 503),
        (JOBS, {**item_job(item_name="M"), "metadata": json.loads(object_of(19_000))}, 422),
    ],
    ids=["labels", "items", "texts", "fields", "metadata"],
)
async def test_many_values_within_the_bound_are_answered(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    """What is within the bound gets the answer that a small body gets."""
    assert (await http.post(path, json=body)).status_code == status


def largest_batch() -> dict[str, Any]:
    """Return the largest batch that the contract allows, full of marks that are no values."""
    payload = {
        "items": [{"id": number, "name": "[{,}]"} for number in range(50)],
        "candidate_labels": [f"{{,}}{number}" for number in range(100)],
    }
    return {
        "tenant_id": "t",
        "jobs": [{"feature": "categorization_batch", "payload": payload}] * 500,
    }


def largest_embed() -> dict[str, Any]:
    """Return the largest request to embed, full of such marks as well."""
    return {"texts": [{"id": number, "text": '[{,"}]\\' * 700} for number in range(256)]}


async def test_the_largest_legal_requests_pass(http: httpx.AsyncClient) -> None:
    """Marks inside texts are no values, however many there are."""
    batch = await http.post(JOB_BATCH, json=largest_batch())
    embed = await http.post(EMBED, json=largest_embed())

    assert batch.status_code == 200, batch.text
    assert [result["error"] for result in batch.json()["results"]] == [None] * 500
    # Without a worker, a waiting call is refused only once its job is stored.
    assert (embed.status_code, embed.json()["error"]) == (503, "no_worker")


async def test_every_route_with_a_body_bounds_it(app: FastAPI) -> None:
    """A route of the framework's own class would parse whatever it is sent."""
    routes = [route for route in _routes(app.routes) if route.body_field is not None]

    assert routes
    assert [route.path for route in routes if not isinstance(route, BodyRoute)] == []


def _routes(routes: list[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from _routes(router.routes)
