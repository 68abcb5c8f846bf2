"""Which commits wait for the disk, and what happens to a claim that did not reach it."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from uuid import UUID

import asyncpg
import psutil
import pytest
from sqlalchemy import text

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import DatabaseUnavailable
from shared.local import stack
from shared.local.postgres import embedded_postgres
from shared.store.hot.accepting import Accepted
from shared.store.hot.beating import WorkerReport, beat
from shared.store.hot.claiming import Claim, claim
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord, Ending, store
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support.job_rows import accept_but, history, new_job
from tests.support.waiting import wait_until

T = TypeVar("T")

RECORD = AttemptRecord(stages=[], trace_id=None)
# A deferred trigger runs when its transaction commits, so it sees what the commit is going to do.
OBSERVED = """
CREATE TABLE observed (id serial, state text, setting text);
CREATE FUNCTION observe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO observed (state, setting)
    VALUES (NEW.state, current_setting('synchronous_commit'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER observe AFTER INSERT OR UPDATE ON jobs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION observe();
"""
FORGOTTEN = "DROP TRIGGER observe ON jobs; DROP FUNCTION observe; DROP TABLE observed"


async def submit(database: Database) -> UUID:
    """Accept a job."""
    (accepted,) = await accept_but(database, [new_job()])
    assert isinstance(accepted, Accepted)
    return accepted.id


async def take(database: Database, job_id: UUID, worker_id: str) -> Claim:
    """Claim a job."""
    (held,) = (await claim(database.fetch, Queue.ITEMS, [(job_id, 1)], worker_id, 15)).made
    return held


async def succeed(database: Database, held: Claim) -> object:
    """End a job with a result; return its new state."""
    ending = Ending(
        claim=held, record=RECORD, outcome=AttemptOutcome.SUCCEEDED, output="{}", model_id="m"
    )
    return (await store(database.fetch, held.worker_id, [ending]))[0]


async def execute(url: str, *scripts: str) -> None:
    """Run SQL on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        for script in scripts:
            await connection.execute(script)
    finally:
        await connection.close()


@pytest.fixture
async def observed(database_url: str) -> AsyncIterator[None]:
    """Observe with which setting each change of a job is committed."""
    await execute(database_url, OBSERVED)
    yield
    await execute(database_url, FORGOTTEN)


async def test_only_the_claim_is_not_flushed(database: Database, observed: None) -> None:
    """The same connections commit an acceptance, a claim, a heartbeat and an outcome, twice."""
    worker = WorkerReport(id="w", version="1", queues=[], slots={}, components={})
    for _ in range(2):
        held = await take(database, await submit(database), "w")
        await beat(database.fetch, worker, [held.job_id], Leases(15, 5))
        await succeed(database, held)

    async with database.transaction() as session:
        query = text("SELECT state, setting FROM observed ORDER BY id")
        rows = [tuple(row) for row in await session.execute(query)]
    assert rows == 2 * [
        ("queued", "on"),
        ("running", "off"),
        ("running", "off"),
        ("succeeded", "on"),
    ]


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Postgres of these tests' own, which write its settings and crash it."""
    with embedded_postgres(tmp_path_factory.mktemp("own") / "postgres", durable=False) as url:
        stack.migrate(url)
        yield url


@asynccontextmanager
async def set_to(url: str, **settings: object) -> AsyncIterator[None]:
    """Have Postgres run with other settings in the block."""
    reload = "SELECT pg_reload_conf()"
    for name, value in settings.items():
        await execute(url, f"ALTER SYSTEM SET {name} = '{value}'", reload)
    try:
        yield
    finally:
        for name in settings:
            await execute(url, f"ALTER SYSTEM RESET {name}", reload)


@asynccontextmanager
async def limited(url: str, seconds: float) -> AsyncIterator[Database]:
    """Connect with a limit for each transaction."""
    database = Database(url, process="test", transaction_limit=seconds)
    try:
        yield database
    finally:
        await database.close()


async def crash(database: Database) -> None:
    """Kill a server process of Postgres, which ends all others at once and recovers."""
    async with database.transaction() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
    psutil.Process(pid).send_signal(signal.SIGKILL)


@pytest.mark.slow
async def test_a_claim_that_is_lost_with_postgres_counts_once(own_url: str) -> None:
    """Postgres crashes between the claim and its outcome: the job runs once more, and the first
    result is refused, though the same worker claimed the job again.

    Postgres writes its log only when somebody waits for that, and what it has not written is lost
    with its memory. Whether that reached the disk does not matter, since the machine goes on."""
    async with set_to(own_url, wal_writer_delay=10000), limited(own_url, 10) as database:
        job_id = await submit(database)
        first = await take(database, job_id, "w")
        await crash(database)
        state = await answered(lambda: _state(database, job_id))
        second = await answered(lambda: take(database, job_id, "w"))
        refused = await succeed(database, first)
        stored = await succeed(database, second)
        async with database.transaction() as session:
            job = await session.get_one(Job, job_id)
            attempts = [attempt.number for attempt in await history(session, job)]

    assert state == JobStatus.QUEUED
    assert (first.attempt, second.attempt) == (1, 1)
    assert (refused, stored) == (None, JobStatus.SUCCEEDED)
    assert (job.attempt, job.spent_crashed, attempts) == (1, 0, [1])


@pytest.mark.slow
async def test_what_no_standby_has_is_not_acknowledged(own_url: str) -> None:
    """A caller who was refused for that asks again with the same key, and the job is there."""
    new, again = new_job(idempotency_key="k"), new_job(idempotency_key="k")
    async with set_to(own_url, synchronous_standby_names="nobody"):
        async with limited(own_url, 0.5) as database:
            with pytest.raises(DatabaseUnavailable):
                await accept_but(database, [new])
        async with limited(own_url, 0.5) as database:
            there = await _state(database, new.id)
            with pytest.raises(DatabaseUnavailable):
                await accept_but(database, [again])
    async with limited(own_url, 10) as database:
        (found,) = await accept_but(database, [again])

    assert there == JobStatus.QUEUED
    assert isinstance(found, Accepted)
    assert (found.id, found.replayed) == (new.id, True)


async def _state(database: Database, job_id: UUID) -> str:
    async with database.transaction() as session:
        return (await session.get_one(Job, job_id)).state


async def answered(ask: Callable[[], Awaitable[T]]) -> T:
    """Return the answer of Postgres as soon as there is one."""
    answers: list[T] = []

    async def asked() -> bool:
        with suppress(DatabaseUnavailable):
            answers.append(await ask())
        return bool(answers)

    await wait_until(asked, "Postgres answered", within=30, pause=0.1)
    return answers[0]
