"""Priority above 0 is for callers with the scope `jobs:priority`; for others it becomes 0."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from api.access.caller import ANYBODY, Caller
from api.main import create_app
from shared.access import scopes
from shared.settings import Settings
from tests.support.runners import ITEM, dairy, worker_with

LOWERED = "X-Priority-Lowered"
WRITER = Caller("writer", frozenset({scopes.Scope.JOBS_READ, scopes.Scope.JOBS_WRITE}))
URGENT = {
    "tenant_id": "t", "feature": "categorization", "priority": 9, "payload": ITEM,
    "metadata": {"fresh": True},
}  # fmt: skip


@asynccontextmanager
async def front_of(settings: Settings, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """Run a front inside the test to which every request is one of `caller`."""
    app = create_app(settings)

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["caller"] = caller
        await app(scope, receive, send)

    transport = httpx.ASGITransport(identified, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(base_url="http://front", transport=transport) as http,
    ):
        yield http


@pytest.mark.parametrize(
    ("caller", "lowered"), [(WRITER, "true"), (ANYBODY, None)], ids=["without", "with"]
)
async def test_every_call_that_submits_says_so(
    settings: Settings, caller: Caller, lowered: str | None
) -> None:
    """One header holds for a single job, for the entries of a batch and for a waiting call."""
    async with worker_with(settings, dairy), front_of(settings, caller) as http:
        single = await http.post("/api/v1/jobs", json=URGENT)
        several = await http.post("/api/v1/jobs/batch", json={"jobs": [URGENT]})
        waiting = await http.post("/api/v1/categorize", json=URGENT)
        plain = await http.post("/api/v1/jobs", json={**URGENT, "priority": 0})
        listed = (await http.get("/api/v1/jobs", params={"tenant_id": "t"})).json()["jobs"]

    assert [answer.status_code for answer in (single, several, waiting, plain)] == [
        202, 200, 200, 202,
    ]  # fmt: skip
    assert [answer.headers.get(LOWERED) for answer in (single, several, waiting)] == [lowered] * 3
    assert LOWERED not in plain.headers
    assert [job["priority"] for job in listed] == ([0] * 4 if lowered else [0, 9, 9, 9])


async def test_a_key_finds_its_job_whatever_the_priority(settings: Settings) -> None:
    """Whoever repeats a request with another token gets the job of the first."""
    key = {"Idempotency-Key": "k"}
    async with front_of(settings, ANYBODY) as http:
        first = await http.post("/api/v1/jobs", json=URGENT, headers=key)
    async with front_of(settings, WRITER) as http:
        again = await http.post("/api/v1/jobs", json=URGENT, headers=key)

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert (again.json()["id"], again.json()["priority"]) == (first.json()["id"], 9)
