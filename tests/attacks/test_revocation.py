"""A token that was revoked opens nothing within five seconds, on every front."""

from contextlib import AsyncExitStack
from uuid import UUID

import httpx

from shared.settings import Settings
from shared.store.access.tokens import revoke_token
from shared.store.postgres.database import Database
from tests.support.access.tokens import bearer, id_of, stored_token
from tests.support.callback_rows import end
from tests.support.event_streams import listening
from tests.support.fronts import front_server
from tests.support.runners import ITEM
from tests.support.waiting import wait_until

BODY = {"tenant_id": "home", "feature": "categorization", "payload": ITEM}


async def test_a_revoked_token_hears_of_nothing_more(
    guarding: Settings, database: Database
) -> None:
    """The same token is refused on another front, and its open stream ends without an event."""
    token = await stored_token(database, "home")
    async with (
        front_server(guarding) as url,
        front_server(guarding) as another,
        httpx.AsyncClient(base_url=url, headers=bearer(token), timeout=20) as http,
    ):
        job_id = UUID((await http.post("/api/v1/jobs", json=BODY)).json()["id"])

        async def refused() -> bool:
            for front in (url, another):
                answer = await http.get(f"{front}/api/v1/jobs/{job_id}")
                if answer.status_code != 401:
                    assert answer.status_code == 200
                    return False
            return True

        assert not await refused()
        async with listening(http, job_id, "home") as stream:
            first = await anext(stream.events)
            async with database.transaction() as session:
                assert await revoke_token(session, id_of(token))
            await wait_until(refused, "both fronts refused it", within=5)
            await end(database, job_id)
            later = [event async for event in stream.events]

    assert first.data["status"] == "queued"
    assert later == []


async def test_streams_of_one_token_leave_connections_for_others(
    guarding: Settings, database: Database
) -> None:
    """Whoever opens as many as it gets keeps out neither other callers nor probes."""
    few = guarding.model_copy(update={"max_connections": 16})
    token, other = [await stored_token(database, "home") for _ in range(2)]
    async with (
        front_server(few) as url,
        httpx.AsyncClient(base_url=url, headers=bearer(token), timeout=20) as http,
        AsyncExitStack() as streams,
    ):
        job_id = (await http.post("/api/v1/jobs", json=BODY)).json()["id"]
        path = f"/api/v1/jobs/{job_id}/events"
        statuses = []
        for _ in range(15):
            stream = await streams.enter_async_context(http.stream("GET", path))
            statuses.append(stream.status_code)
            if stream.status_code != 200:
                await stream.aread()
        asking = httpx.AsyncClient(base_url=url, headers=bearer(other))
        others = await streams.enter_async_context(asking)
        probe = await others.get("/health/live")
        job = await others.get(f"/api/v1/jobs/{job_id}")

    assert statuses == [200] * 12 + [503] * 3
    assert (probe.status_code, job.status_code) == (200, 200)
