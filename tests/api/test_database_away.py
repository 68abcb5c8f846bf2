"""A front must not hang when Postgres hangs, which is when it neither answers nor refuses."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.support.fronts import front_http
from tests.support.processes.wire import Wire, wired
from tests.support.runners import ITEM
from tests.support.waiting import wait_until

_TENANT = {"X-Tenant-ID": "t"}
_BODY = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
_READS = ("/api/v1/jobs/{}?wait=1", "/api/v1/jobs?limit=1")


@pytest.fixture
async def wire(settings: Settings) -> AsyncIterator[tuple[Wire, Settings]]:
    """The wire to Postgres, and settings with which a front connects through it."""
    async with wired(settings.database_url.get_secret_value(), 5432) as (wire, url):
        patient = {"database_url": SecretStr(url), "database_patience": 1.5}
        yield wire, settings.model_copy(update=patient)


async def test_a_database_that_hangs_is_unavailable(wire: tuple[Wire, Settings]) -> None:
    """The front answers 503 in time, and accepts work again once Postgres answers."""
    line, settings = wire
    async with front_http(settings) as http:
        before = await http.post("/api/v1/jobs", json=_BODY)
        line.flowing.clear()
        began = time.monotonic()
        hung: httpx.Response = await http.post("/api/v1/jobs", json=_BODY)
        took = time.monotonic() - began
        line.flowing.set()
        after = await _accepted_again(http)

    assert before.status_code == 202
    assert (hung.status_code, hung.json()["error"]) == (503, "database_unavailable")
    # This tests that the wait is limited at all, not how fast the front is.
    assert took < 10
    assert after.status_code == 202


async def test_callers_do_not_wait_for_the_failures_of_others(wire: tuple[Wire, Settings]) -> None:
    """Twelve callers ask for the queues, and all of them share one vain reading."""
    line, settings = wire
    async with front_http(settings) as http:
        line.flowing.clear()
        began = time.monotonic()
        answers = await asyncio.gather(*(http.get("/api/v1/queues") for _ in range(12)))
        took = time.monotonic() - began
        line.flowing.set()
        after = await _accepted_again(http)

    assert {answer.json()["error"] for answer in answers} == {"database_unavailable"}
    # One after the other, they would take 18 s.
    assert took < 12
    assert after.status_code == 202


async def test_two_hundred_callers_of_any_kind_hear_in_time_that_the_database_hangs(
    wire: tuple[Wire, Settings],
) -> None:
    """Each fails within two seconds, and those who come later at once."""
    line, settings = wire
    async with front_http(settings) as http:
        job = (await http.post("/api/v1/jobs", json=_BODY)).json()["id"]
        line.flowing.clear()
        for callers, longest in ((200, 2), (40, 1)):
            began = time.monotonic()
            answers = await asyncio.gather(*(_call(http, job, number) for number in range(callers)))
            took = time.monotonic() - began
            # All of them share the processor with this test and with others.
            assert took < longest + 10
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["error"] for answer in answers} == {"database_unavailable"}
            assert {answer.headers["Retry-After"] for answer in answers} == {"001"}
        assert (await http.get("/health")).status_code == 200
        line.flowing.set()
        await _accepted_again(http)


async def test_two_hundred_callers_who_come_at_once_are_all_served(settings: Settings) -> None:
    """Callers queue for the connections, and Postgres answers each of them in time."""
    hasty = settings.model_copy(update={"database_patience": 1.0})
    async with front_http(hasty) as http:
        job = (await http.post("/api/v1/jobs", json=_BODY)).json()["id"]
        answers = await asyncio.gather(
            *(http.get(_READS[number % 2].format(job), headers=_TENANT) for number in range(200))
        )

    assert {answer.status_code for answer in answers} == {200}


async def _call(http: httpx.AsyncClient, job: str, number: int) -> httpx.Response:
    """Make one of eight calls, each of which needs the database."""
    texts = [{"id": "1", "text": f"text {number}"}]
    posts: dict[str, Any] = {
        "/api/v1/jobs": _BODY,
        "/api/v1/jobs/batch": {"jobs": [_BODY]},
        "/api/v1/categorize": {**_BODY, "request_id": f"r{number}"},
        "/api/v1/embed": {"version": "1", "request_id": f"e{number}", "texts": texts},
    }
    gets = [read.format(job) for read in _READS]
    paths = [*posts, *gets, f"/api/v1/jobs/{job}", f"/api/v1/jobs?ids={job}"]
    path = paths[number % len(paths)]
    if path in posts and number % len(paths) < len(posts):
        return await http.post(path, json=posts[path])
    return await http.get(path, headers=_TENANT)


async def _accepted_again(http: httpx.AsyncClient) -> httpx.Response:
    """Post until a job is accepted, which takes as long as until the next probe."""
    answers: list[httpx.Response] = []

    async def accepted() -> bool:
        answers.append(await http.post("/api/v1/jobs", json=_BODY))
        return answers[-1].is_success

    await wait_until(accepted, "a job was accepted again")
    return answers[-1]
