"""Batches of which Postgres takes only a part, or whose callers must not learn only half of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
from redis.asyncio import Redis

from shared.settings import Settings
from tests.support.fronts import front_http
from tests.support.runners import ITEM

PATH = "/api/v1/jobs/batch"
# A job whose payload has the first word costs Postgres the connection; the second one is an error.
LOST, BAD = "LOST", "BAD"
_JOBS = f"""
IF NEW.payload::text LIKE '%{LOST}%' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
IF NEW.payload::text LIKE '%{BAD}%' THEN RAISE EXCEPTION 'no such job'; END IF;
"""
_CALLBACKS = "RAISE EXCEPTION 'no such callback';"


@asynccontextmanager
async def before_insert(
    database_url: str, table: str, body: str
) -> AsyncIterator[asyncpg.Connection]:
    """Have Postgres do something before each row of a table; yields a connection to it."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            f"CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN NEW; END $$; "
            f"CREATE TRIGGER trip BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION trip()"
        )
        yield connection
    finally:
        await connection.execute("DROP FUNCTION trip CASCADE")
        await connection.close()


def entry(name: str, **different: object) -> dict[str, Any]:
    """Return an entry whose item has this name."""
    return {"feature": "categorization", "payload": {**ITEM, "item_name": name}, **different}


async def submit(http: httpx.AsyncClient, entries: Sequence[object]) -> httpx.Response:
    """Submit the entries for the tenant `t`."""
    return await http.post(PATH, json={"tenant_id": "t", "jobs": entries})


async def queued(settings: Settings) -> int:
    """Return how many messages the queue of items has."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        return int(await redis.zcard(f"{settings.queue_namespace}:queue:items"))


async def test_a_long_batch_is_stored_as_a_whole_or_not_at_all(
    settings: Settings, database_url: str
) -> None:
    """The connection is lost with the last entry, after two million characters of others."""
    texts = [f"{number} " + "x" * 4000 for number in range(60)]
    jobs = [{"feature": "embedding", "payload": {"texts": texts}}] * 9
    async with (
        before_insert(database_url, "jobs", _JOBS) as connection,
        front_http(settings) as http,
    ):
        answer = await submit(http, [*jobs, entry(LOST)])
        stored = await connection.fetchval("SELECT count(*) FROM jobs")

    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
    assert (stored, await queued(settings)) == (0, 0)


async def test_what_is_stored_before_the_connection_is_lost_is_published(
    settings: Settings, database_url: str
) -> None:
    """A bad entry has Postgres take each by itself, and then one costs the connection."""
    names = ("Milk", BAD, LOST, "Tea")
    jobs = [entry(name, idempotency_key=f"{place}") for place, name in enumerate(names)]
    async with (
        before_insert(database_url, "jobs", _JOBS) as connection,
        front_http(settings) as http,
    ):
        answer = await submit(http, jobs)
        stored = await connection.fetchval("SELECT count(*) FROM jobs")

    assert answer.status_code == 200, answer.text
    codes = [result["error"] and result["error"]["code"] for result in answer.json()["results"]]
    assert codes == [None, "internal_error", "database_unavailable", "database_unavailable"]
    assert (stored, await queued(settings)) == (1, 1)


async def test_a_callback_that_cannot_be_stored_spoils_its_entry_only(
    settings: Settings, database_url: str
) -> None:
    """The others are published before callbacks of jobs that were found are recorded."""
    hosts = settings.model_copy(update={"callback_hosts": ["a.example"]})
    callback = {"url": "https://a.example/"}
    async with (
        front_http(hosts) as http,
        before_insert(database_url, "job_callbacks", _CALLBACKS),
    ):
        known = entry("Milk", idempotency_key="k")
        await submit(http, [known])
        answer = await submit(http, [{**known, "callback": callback}, entry("Tea")])

    assert answer.status_code == 200, answer.text
    codes = [result["error"] and result["error"]["code"] for result in answer.json()["results"]]
    assert codes == ["internal_error", None]
    assert await queued(settings) == 2


async def test_a_job_that_was_there_is_replayed_even_if_it_cannot_be_shown(
    settings: Settings, database_url: str
) -> None:
    """The caller learns that nothing new was accepted; a newer version wrote the row."""
    known = entry("Milk", idempotency_key="k")
    async with before_insert(database_url, "jobs", "") as connection, front_http(settings) as http:
        await submit(http, [known])
        await connection.execute("UPDATE jobs SET feature = 'divination'")
        (result,) = (await submit(http, [known])).json()["results"]

    assert (result["job"], result["error"]["code"]) == (None, "internal_error")
    assert result["replayed"] is True
