"""Calls that last long take all connections, and a probe is answered all the same."""

import asyncio
from contextlib import AsyncExitStack

import httpx

from api.main import create_app
from shared.settings import Settings
from tests.fuzz.files.seeds import bodies
from tests.support.fronts import front_server
from tests.support.waiting import wait_until

MOST = 24
TAKEN = 21
JSON = {"content-type": "application/json"}


async def test_event_streams_leave_room_for_probes(settings: Settings) -> None:
    """One caller opens more streams than there may be connections. Nobody's job is harmed."""
    few = settings.model_copy(update={"max_connections": MOST})
    async with (
        front_server(few) as url,
        httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=None)) as http,
        AsyncExitStack() as streams,
    ):
        job = await http.post("/api/v1/jobs", content=bodies()["categorization.json"], headers=JSON)
        path = f"/api/v1/jobs/{job.json()['id']}/events?tenant_id=fuzz"
        opened = [await streams.enter_async_context(http.stream("GET", path)) for _ in range(40)]
        statuses = [answer.status_code for answer in opened]
        refused = [answer for answer in opened if answer.status_code == 503]
        health = [await http.get("/health", headers={"Connection": "close"}) for _ in range(5)]

    assert statuses.count(200) == TAKEN
    assert statuses.count(503) == 40 - statuses.count(200)
    assert {answer.headers["Retry-After"] for answer in refused} == {"002"}
    assert {answer.status_code for answer in health} == {200}


async def test_waiting_calls_leave_room_for_probes(settings: Settings) -> None:
    """A call beyond them is refused at once, and has room once another one has ended."""
    few = settings.model_copy(update={"max_connections": MOST})
    app = create_app(few)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
    ):
        job = await http.post("/api/v1/jobs", content=bodies()["categorization.json"], headers=JSON)
        path = f"/api/v1/jobs/{job.json()['id']}?tenant_id=fuzz"
        waiting = [asyncio.create_task(http.get(f"{path}&wait=30")) for _ in range(TAKEN + 5)]

        async def has_room() -> bool:
            return (await http.get(path)).status_code == 200

        await wait_until(lambda: sum(task.done() for task in waiting) == 5, "five were refused")
        refused = await http.get(path)
        health = [await http.get(probe) for probe in ("/health", "/health/live", "/metrics")]
        next(task for task in waiting if not task.done()).cancel()
        await wait_until(has_room, "one went")
        for task in waiting:
            task.cancel()

    assert (refused.status_code, refused.json()["error"]) == (503, "busy")
    assert {answer.status_code for answer in health} == {200}
