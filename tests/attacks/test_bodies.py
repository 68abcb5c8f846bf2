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


@pytest.mark.parametrize("path", [*WITH_IMAGE, CATEGORIZE, BATCH, EMBED, JOB_BATCH])
async def test_a_million_values_are_refused_unparsed(http: httpx.AsyncClient, path: str) -> None:
    """The text is not even JSON, and nobody notices."""
    few = {CATEGORIZE: 90_000, BATCH: 90_000}.get(path, 300_000)
    answer = await http.post(path, content="[" + "0," * few, headers=JSON)

    assert_problem(answer, *TOO_LARGE)


@pytest.mark.parametrize("path", [*WITH_IMAGE, CATEGORIZE, EMBED, JOB_BATCH])
@pytest.mark.parametrize("opened", ["[", '{"a":', '[{"a":'])
async def test_depth_is_refused(http: httpx.AsyncClient, path: str, opened: str) -> None:
    """Recursion over a body ends after 32 levels."""
    answer = await http.post(path, content=opened * 33, headers=JSON)

    assert_problem(answer, *MALFORMED)


@pytest.mark.parametrize("path", WITH_IMAGE)
@pytest.mark.parametrize("field", ["metadata", "user_id", "blob"])
async def test_only_an_image_may_be_large(http: httpx.AsyncClient, path: str, field: str) -> None:
    """A call that takes images does not take anything else of ten megabytes."""
    large = {**receipt_job("aGk="), "image_base64": "aGk=", field: "A" * (LARGEST_TEXT + 1)}

    assert_problem(await http.post(path, json=large), *TOO_LARGE)


@pytest.mark.parametrize("path", WITH_IMAGE)
async def test_an_image_elsewhere_is_no_image(http: httpx.AsyncClient, path: str) -> None:
    """The name of the field alone does not make a text an image."""
    hidden = {"metadata": {"image_base64": "A" * (LARGEST_TEXT + 1)}, **receipt_job("aGk=")}

    assert_problem(await http.post(path, json=hidden), *TOO_LARGE)


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


def largest_batches() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the largest requests that the contract allows, full of what is counted elsewhere."""
    item, label = "[{,}]" * 2, "{,}"
    jobs = [
        {
            "feature": "categorization_batch",
            "payload": {
                "items": [{"id": number, "name": item} for number in range(50)],
                "candidate_labels": [f"{label}{number}" for number in range(100)],
            },
        }
        for _ in range(500)
    ]
    yield JOB_BATCH, {"tenant_id": "t", "jobs": jobs}
    texts = [{"id": number, "text": '[{,"}]\\' * 700} for number in range(256)]
    yield EMBED, {"texts": texts}


@pytest.mark.parametrize(("path", "body"), largest_batches(), ids=["batch", "embed"])
async def test_the_largest_legal_requests_pass(
    http: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    """Marks inside texts are no values, however many there are."""
    answer = await http.post(path, json=body)

    # Without a worker, a waiting call is refused only once its job is stored.
    assert answer.status_code == (200 if path == JOB_BATCH else 503), answer.text
    assert path != JOB_BATCH or all(result["job"] for result in answer.json()["results"])


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
