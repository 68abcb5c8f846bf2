"""The outbox publishes what is due; the reconciler repairs messages, rescues and prunes."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.trace import NoOpTracer
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.store.hot.leases import Leases
from shared.store.images.keeping import Images
from shared.store.images.objects import ObjectStore
from shared.store.models import Job, JobImage
from shared.store.postgres.database import Database
from shared.store.postgres.server import RECONCILER, try_lock
from shared.store.retention import Retentions
from shared.wire.broker import Broker
from shared.wire.messages import queue_key
from shared.wire.messenger import Messenger
from tests.support.fronts import front_client
from tests.support.runners import ITEM
from worker.jobs.reports import Reports
from worker.reconciliation.messages import MessageRepair, MessageRepairs
from worker.reconciliation.outbox import Outbox
from worker.reconciliation.reconciler import Periods, Reconciler
from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.signals import Telemetry
from worker.telemetry.state import WorkerState

LOCK = 60.0
# Longer ago than SETTLED, so that a mismatch counts as a fault.
LONG_AGO = timedelta(seconds=30)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """Connection to break things with."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


@pytest.fixture
def repair(database: Database, broker: Broker) -> MessageRepair:
    """Repair of the items queue."""
    return MessageRepair(database, broker, Queue.ITEMS, LOCK)


@pytest.fixture
def key(settings: Settings) -> str:
    """Redis key of the items queue."""
    return queue_key(settings.queue_namespace, Queue.ITEMS)


@pytest.fixture
async def job_id(client: AsyncServiceClient, database: Database) -> UUID:
    """Id of a job that was published LONG_AGO and whose message is still in Redis."""
    job = await client.submit("categorization", ITEM)
    await change_jobs(database, published_at=func.now() - LONG_AGO)
    return job.id


async def change_jobs(database: Database, **values: Any) -> None:
    """Set columns of all jobs."""
    async with database.transaction() as session:
        await session.execute(update(Job).values(**values))


async def read(database: Database, job_id: UUID) -> Job | None:
    """Return the current row of a job, or None if it is gone."""
    async with database.transaction() as session:
        return await session.get(Job, job_id)


async def test_a_job_with_its_message_is_left_alone(repair: MessageRepair, job_id: UUID) -> None:
    assert await repair.step() == MessageRepairs()


async def test_a_lost_message_is_sent_again(
    repair: MessageRepair,
    job_id: UUID,
    redis: Redis,
    key: str,
    outbox: Outbox,
) -> None:
    """Only the queue is lost here; the body of the message is still there."""
    await redis.delete(key)
    assert await repair.step() == MessageRepairs(resent=1)
    assert await outbox.publish() == 1

    assert await redis.zrange(key, 0, -1) == [f"{job_id}:1".encode()]
    assert await redis.exists(f"arq:job:{job_id}:1")


async def test_a_message_on_its_way_is_given_time(
    repair: MessageRepair, client: AsyncServiceClient, redis: Redis, key: str
) -> None:
    """A front publishes after it commits, so a new job may have no message yet."""
    await client.submit("categorization", ITEM)
    await redis.delete(key)

    assert await repair.step() == MessageRepairs()


@pytest.mark.parametrize(("held_for", "unlocked"), [(1, 0), (20, 1)])
async def test_a_lock_that_a_dead_worker_left_is_removed(
    repair: MessageRepair, job_id: UUID, redis: Redis, held_for: float, unlocked: int
) -> None:
    """The worker took the message and died before it claimed the job."""
    lock = f"arq:in-progress:{job_id}:1"
    await redis.set(lock, b"1", px=int((LOCK - held_for) * 1000))

    assert await repair.step() == MessageRepairs(unlocked=unlocked)
    assert await redis.exists(lock) == 1 - unlocked


@pytest.mark.parametrize(
    "orphan",
    [
        "no message of ours",
        b"\xff".decode(errors="surrogateescape"),
        f"{UUID(int=1)}:1",
        "{job}:7",
        "{job}:99999999999",
        "{capitals}:1",
    ],
)
async def test_a_message_that_stands_for_no_job_is_removed(
    repair: MessageRepair, job_id: UUID, redis: Redis, key: str, orphan: str
) -> None:
    """The orphan is garbage, of a job that is gone, of another dispatch, or another spelling."""
    named = orphan.format(job=job_id, capitals=str(job_id).upper())
    name = named.encode(errors="surrogateescape")
    await redis.zadd(key, {name: 1})

    assert await repair.step() == MessageRepairs(removed=1)
    assert await redis.zrange(key, 0, -1) == [f"{job_id}:1".encode()]


async def test_messages_that_stand_for_no_job_are_found_in_a_queue_without_jobs(
    database: Database, messenger: Messenger, repair: MessageRepair, redis: Redis, key: str
) -> None:
    """Nothing is due in Postgres, but Redis still has a message."""
    await redis.zadd(key, {f"{UUID(int=1)}:1": 1})
    await reconciler(database, messenger, repair).step()

    assert await redis.zcard(key) == 0


async def test_a_round_at_rest_is_one_statement(
    database: Database, messenger: Messenger, repair: MessageRepair
) -> None:
    """The first round of a process also prunes."""
    resting = reconciler(database, messenger, repair)
    await resting.step()
    registry = CollectorRegistry()
    database.measure_with(registry)
    await resting.step()

    name = "db_client_operation_duration_seconds"
    counts = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if metric.name == name and sample.name == f"{name}_count"
    ]
    made = [(s.labels["operation"], s.value) for s in counts if s.value]
    assert made == [("select", 1)]


@pytest.mark.parametrize(("state", "removed"), [("running", 0), ("succeeded", 1)])
async def test_a_message_is_removed_once_its_job_has_ended(
    repair: MessageRepair, job_id: UUID, database: Database, state: str, removed: int
) -> None:
    """arq would remove the message only after a worker has taken it."""
    await change_jobs(database, state=state, worker_id="w" if state == "running" else None)

    assert await repair.step() == MessageRepairs(removed=removed)


async def test_a_retry_is_published_when_it_is_due(
    job_id: UUID, database: Database, outbox: Outbox
) -> None:
    """The retry is published neither earlier nor twice."""
    await change_jobs(database, published_at=None, queued_at=func.now() + LONG_AGO)
    assert await outbox.publish() == 0
    await change_jobs(database, queued_at=func.now())
    assert await outbox.publish() == 1
    assert await outbox.publish() == 0


def worker_metrics() -> WorkerMetrics:
    """Build the metrics of a worker."""
    return WorkerMetrics(WorkerState("worker", "1", [Queue.ITEMS], {Queue.ITEMS: 1}, {}))


async def nothing_deferred() -> None:
    """Leave the outbox alone."""


def reconciler(
    database: Database,
    messenger: Messenger,
    repair: MessageRepair,
    metrics: WorkerMetrics | None = None,
    images: Images | None = None,
) -> Reconciler:
    """Build a reconciler that keeps images for a minute and jobs for an hour."""
    telemetry = Telemetry(JobTracing(NoOpTracer()), metrics or worker_metrics())
    return Reconciler(
        database,
        [repair],
        telemetry,
        Reports(messenger),
        images or Images(),
        publish_deferred=nothing_deferred,
        periods=Periods(
            retentions=Retentions(images=60, jobs=3600, audit=7200),
            priority_hold=60,
            leases=Leases(15, 5),
        ),
    )


@pytest.mark.parametrize(
    ("state", "minutes", "image_stays", "job_stays"),
    [
        ("queued", None, True, True),
        ("succeeded", 0, True, True),
        ("succeeded", 2, False, True),
        ("succeeded", 61, False, False),
        ("failed", 2, True, True),
        ("bad_input", 0, True, True),
        ("bad_input", 2, False, True),
        ("cancelled", 0, True, True),
        ("cancelled", 2, False, True),
        ("failed", 61, False, False),
    ],
)
async def test_old_jobs_are_pruned(
    client: AsyncServiceClient,
    database: Database,
    messenger: Messenger,
    repair: MessageRepair,
    receipt_png: bytes,
    state: str,
    minutes: int | None,
    image_stays: bool,
    job_stays: bool,
) -> None:
    """Images go first, unless the job failed for a reason that may pass."""
    job = await client.submit_receipt(receipt_png)
    ended = None if minutes is None else func.now() - timedelta(minutes=minutes)
    error_class = "bad_input" if state == "bad_input" else "transient"
    state = "failed" if state == "bad_input" else state
    await change_jobs(database, state=state, finished_at=ended, error={"error_class": error_class})
    await reconciler(database, messenger, repair).step()

    async with database.transaction() as session:
        images = (await session.scalars(select(JobImage.job_id))).all()
    assert (images == [job.id]) == image_stays
    assert (await read(database, job.id) is not None) == job_stays


class Slow(ObjectStore):
    """A store that has time to ask, while it deletes, whether others may reconcile."""

    database: Database

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete the objects unless the lock is taken."""
        async with self.database.transaction() as session:
            assert await try_lock(session, RECONCILER)
        await super().delete(keys)


async def test_objects_are_deleted_without_the_lock(
    settings: Settings, database: Database, messenger: Messenger, repair: MessageRepair,
    receipt_png: bytes, tmp_path: Path,
) -> None:  # fmt: skip
    """A store that is slow holds up no rescue."""
    store = Slow(f"file://{tmp_path}", endpoint=None, timeout=20)
    store.database = database
    async with front_client(settings.model_copy(update={"image_store": store.url})) as client:
        await client.submit_receipt(receipt_png)
    await change_jobs(database, state="succeeded", finished_at=func.now() - timedelta(minutes=2))
    await reconciler(database, messenger, repair, images=Images(store)).step()

    assert [kept async for page in store.pages() for kept in page] == []
    await store.close()


async def test_a_job_of_a_dead_worker_is_rescued_once(
    job_id: UUID, database: Database, messenger: Messenger, repair: MessageRepair
) -> None:
    """A second round finds nothing to rescue."""
    past = func.now() - LONG_AGO
    await change_jobs(
        database, state="running", worker_id="dead", lease_until=past, started_at=past
    )
    await reconciler(database, messenger, repair).step()
    await reconciler(database, messenger, repair).step()

    job = await read(database, job_id)
    assert job is not None
    assert (job.state, job.dispatch, job.spent_crashed) == (JobStatus.QUEUED, 2, 1)


async def test_one_worker_at_a_time_reconciles(
    job_id: UUID,
    database: Database,
    messenger: Messenger,
    repair: MessageRepair,
    redis: Redis,
    key: str,
) -> None:
    """While another holds the lock, a reconciler changes nothing, and does not claim success."""
    await redis.delete(key)
    metrics = worker_metrics()
    mine = reconciler(database, messenger, repair, metrics)
    async with database.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(7_401_995)))
        await mine.step()
        untouched = await read(database, job_id)
    idle_at = last_success(metrics)
    await mine.step()
    repaired = await read(database, job_id)

    assert untouched is not None
    assert untouched.published_at is not None
    assert repaired is not None
    assert repaired.published_at is None
    assert idle_at == 0
    assert last_success(metrics) > 0


def last_success(metrics: WorkerMetrics) -> float:
    """Return when the reconciler last succeeded, as the metric says; 0 if never."""
    found = metrics.registry.get_sample_value("ai_reconciler_last_success_timestamp_seconds")
    assert found is not None
    return found
