"""A front must not hang when Postgres hangs, which is when it neither answers nor refuses."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.support.fronts import front_http
from tests.support.processes.wire import Wire, wired
from tests.support.runners import ITEM


@pytest.fixture
async def wire(settings: Settings) -> AsyncIterator[tuple[Wire, Settings]]:
    """The wire to Postgres, and settings with which a front connects through it."""
    async with wired(settings.database_url.get_secret_value(), 5432) as (wire, url):
        patient = {"database_url": SecretStr(url), "database_patience": 1.5}
        yield wire, settings.model_copy(update=patient)


async def test_a_database_that_hangs_is_unavailable(wire: tuple[Wire, Settings]) -> None:
    """The front answers 503 in time, and accepts work again once Postgres answers."""
    line, settings = wire
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    async with front_http(settings) as http:
        before = await http.post("/api/v1/jobs", json=body)
        line.flowing.clear()
        began = time.monotonic()
        hung: httpx.Response = await http.post("/api/v1/jobs", json=body)
        took = time.monotonic() - began
        line.flowing.set()
        after = await http.post("/api/v1/jobs", json=body)

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
        after = await http.get("/api/v1/queues")

    assert {answer.json()["error"] for answer in answers} == {"database_unavailable"}
    # One after the other, they would take 18 s.
    assert took < 12
    assert after.status_code == 200
