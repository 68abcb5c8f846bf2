"""A token that was revoked opens nothing within five seconds, on every front."""

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
