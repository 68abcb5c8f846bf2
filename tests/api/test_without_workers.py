"""Waiting calls whose queue has no worker, only workers that load, or no broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, func, text, update
from structlog.testing import capture_logs

from api.admission import Admission
from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.errors import Loading, NoWorker, SchemaBehind, StillRunning
from shared.settings import Settings
from shared.store.models import WorkerRecord
from shared.store.postgres.database import Database
from tests.support.fronts import front_client, nowhere
from tests.support.loading_worker import loading_worker
from tests.support.runners import ITEM, LABELS, Gate, dairy, worker_with
from tests.support.waiting import wait_until


@pytest.fixture
async def impatient(settings: Settings) -> AsyncIterator[AsyncServiceClient]:
    """A client of a front whose waiting calls wait for a quarter of a second."""
    async with front_client(settings.model_copy(update={"answer_timeout": 0.25})) as client:
        yield client


def patient(settings: Settings) -> Settings:
    """Return settings of a worker that sends one heartbeat at its start and none for a minute."""
    return settings.model_copy(update={"heartbeat": 60, "lease": 120})


async def last_seen(database: Database, seconds: float, *, alive: bool = False) -> None:
    """Pretend that the last heartbeat of every worker was some seconds ago."""
    seen = func.now() - timedelta(seconds=seconds)
    until = func.now() + timedelta(seconds=60 if alive else -1)
    async with database.transaction() as session:
        await session.execute(update(WorkerRecord).values(seen_at=seen, alive_until=until))


async def workers_seen(client: AsyncServiceClient) -> int:
    """Return how many workers of items a front has seen; it reads once a second at most."""
    return sum(
        queue.workers for queue in (await client.queues()).queues if queue.queue is Queue.ITEMS
    )


async def cannot_read(client: AsyncServiceClient) -> bool:
    """Return whether a front has failed to read the workers."""
    try:
        await client.queues()
    except SchemaBehind:
        return True
    return False


@asynccontextmanager
async def table_missing(database: Database, name: str) -> AsyncIterator[None]:
    """Have every query of a table fail during the block."""
    async with database.transaction() as session:
        await session.execute(text(f"ALTER TABLE {name} RENAME TO missing_{name}"))
    try:
        yield
    finally:
        async with database.transaction() as session:
            await session.execute(text(f"ALTER TABLE missing_{name} RENAME TO {name}"))


async def test_a_waiting_call_does_not_wait_for_a_worker_that_never_was(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The job stays, and the same call finds it as soon as a worker is there."""
    with pytest.raises(NoWorker) as refused:
        await asyncio.wait_for(client.categorize("Milk", LABELS), settings.answer_timeout / 2)
    (job,) = (await client.jobs()).jobs
    async with worker_with(settings, dairy):
        answer = await client.categorize("Milk", LABELS)

    assert (refused.value.problem["status"], refused.value.retry_after) == (503, 5)
    assert str(job.id) in refused.value.detail
    assert job.status is JobStatus.QUEUED
    assert (answer.metadata.job_id, answer.metadata.replayed) == (job.id, True)


async def test_polls_wait_without_a_worker_too(client: AsyncServiceClient) -> None:
    """Both kinds of poll return the job, which says that it is queued."""
    job = await client.submit("categorization", ITEM, wait=1)
    again = await client.job(job.id, wait=0.1)

    assert job.status is again.status is JobStatus.QUEUED


async def test_a_result_needs_no_worker(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The same work, done before the worker left, is the answer."""
    async with worker_with(settings, dairy):
        first = await client.categorize("Milk", LABELS)
    await last_seen(database, 16)

    assert (await client.categorize("Milk", LABELS)).metadata.job_id == first.metadata.job_id
    with pytest.raises(NoWorker):
        await client.categorize("Soap", LABELS)


@pytest.mark.parametrize(
    ("seconds", "alive", "raised"),
    [
        pytest.param(5, False, StillRunning, id="it was killed a moment ago"),
        pytest.param(16, False, NoWorker, id="it was killed long ago"),
        pytest.param(16, True, StillRunning, id="its heartbeats are rare"),
    ],
)
async def test_a_worker_is_missed_after_15_seconds(
    impatient: AsyncServiceClient,
    settings: Settings,
    database: Database,
    seconds: float,
    raised: type[Exception],
    *,
    alive: bool,
) -> None:
    """A worker that is being replaced has a successor by then."""
    async with worker_with(patient(settings), Gate()):
        await last_seen(database, seconds, alive=alive)
        with pytest.raises(raised) as refused:
            await impatient.categorize("Milk", LABELS)

    assert type(refused.value) is raised


async def test_workers_have_time_to_renew_their_rows_after_an_outage(
    client: AsyncServiceClient,
    impatient: AsyncServiceClient,
    settings: Settings,
    database: Database,
) -> None:
    """No heartbeat was stored meanwhile. Only a front that noticed knows why."""
    async with worker_with(patient(settings), Gate()):
        await last_seen(database, 16)
        async with table_missing(database, "workers"):
            await wait_until(lambda: cannot_read(impatient), "the front noticed")
        with pytest.raises(StillRunning):
            await impatient.categorize("Milk", LABELS)
        with pytest.raises(NoWorker):
            await client.categorize("Milk", LABELS)


async def test_an_idle_front_notices_an_outage(settings: Settings, database: Database) -> None:
    """Nobody asks it for anything meanwhile."""
    admission = Admission(database, settings)
    with capture_logs() as logged:
        async with table_missing(database, "workers"), admission.running(every=0.01):
            await wait_until(lambda: bool(logged), "the front noticed")
    await admission.require_worker(Queue.ITEMS)

    assert {entry["event"] for entry in logged} == {"admission.observer.failed"}


async def test_a_worker_that_deletes_its_row_is_missed_after_15_seconds_too(
    impatient: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """Workers of 0.1.0 do so when they stop. A front that never saw one does not wait."""
    async with worker_with(patient(settings), Gate()):

        async def sees(number: int) -> bool:
            return await workers_seen(impatient) == number

        await wait_until(lambda: sees(1), "the front saw the worker")
        async with database.transaction() as session:
            await session.execute(delete(WorkerRecord))
        await wait_until(lambda: sees(0), "the front saw that the row was gone")
        with pytest.raises(StillRunning):
            await impatient.categorize("Milk", LABELS)
        async with front_client(settings) as client:
            with pytest.raises(NoWorker):
                await client.categorize("Milk", LABELS)


async def test_a_worker_that_has_just_left_is_waited_for(
    impatient: AsyncServiceClient, settings: Settings, blank_png: bytes
) -> None:
    """The worker is probably being replaced. Nobody reads receipts, for it served items only."""
    items = settings.model_copy(update={"worker_queues": (Queue.ITEMS,)})
    async with worker_with(items, dairy):
        pass

    with pytest.raises(StillRunning):
        await impatient.categorize("Milk", LABELS)
    with pytest.raises(NoWorker):
        await impatient.extract_receipt(blank_png)


async def test_a_worker_that_drains_is_still_there(
    impatient: AsyncServiceClient, http: httpx.AsyncClient, settings: Settings
) -> None:
    """The worker names no queues any more, but may still run the job."""
    async with loading_worker(settings) as started:
        started.loaded.set()
        await asyncio.wait_for(started.ready.wait(), 20)
        started.stop.set()
        await asyncio.wait_for(started.draining.wait(), 20)

        async def drains() -> bool:
            """Return whether readiness shows that no queue is served."""
            check = (await http.get("/health/ready")).json()["checks"]["workers"]
            return bool(check["alive"] == 1 and not check["queues"])

        await wait_until(drains, "the worker reported that it drains")
        with pytest.raises(StillRunning):
            await impatient.categorize("Milk", LABELS)


async def test_a_call_whose_last_worker_dies_stops_waiting(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The call is refused long before it runs out of time, and polls go on."""
    gate = Gate()
    async with worker_with(patient(settings), gate):
        call = asyncio.create_task(client.categorize("Milk", LABELS))
        await gate.begun.wait()
        (job,) = (await client.jobs()).jobs
        poll = asyncio.create_task(client.job(job.id, wait=30))
        await last_seen(database, 16)
        with pytest.raises(NoWorker):
            await asyncio.wait_for(call, settings.answer_timeout / 2)
        assert not poll.done()
        gate.opened.set()
        assert (await poll).status is JobStatus.SUCCEEDED


async def test_a_call_that_runs_out_of_time_says_that_the_workers_load(
    client: AsyncServiceClient, impatient: AsyncServiceClient, settings: Settings
) -> None:
    """The same call finds the job once a worker of the queue has loaded."""
    async with loading_worker(settings) as first, loading_worker(settings):
        with pytest.raises(Loading) as refused:
            await impatient.categorize("Milk", LABELS)
        first.loaded.set()
        await asyncio.wait_for(first.ready.wait(), 20)
        answer = await client.categorize("Milk", LABELS)

    assert (refused.value.problem["status"], refused.value.retry_after) == (503, 2)
    assert answer.metadata.replayed


async def test_a_call_that_runs_out_of_time_names_redis_if_that_is_away(
    settings: Settings,
) -> None:
    """The worker sends no message in the place of the front, as it would after two seconds."""
    worker = settings.model_copy(update={"reconcile_interval": 60})
    deaf = settings.model_copy(update={"redis_url": nowhere("redis"), "answer_timeout": 0.25})
    async with worker_with(worker, dairy), front_client(deaf) as client:
        with pytest.raises(StillRunning, match="Redis does not take its message"):
            await client.categorize("Milk", LABELS)
