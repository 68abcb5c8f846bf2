"""A full queue says when it has room again, right within a factor of two."""

from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from api.backpressure.queue_limits import Excess, retry_after
from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.errors import QueueFull
from shared.settings import Settings
from shared.store.figures.pace import Pace, read_pace
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats
from tests.support.fronts import front_client
from tests.support.runners import ITEM, lasting, worker_with
from tests.support.waiting import wait_until

BUSY = QueueStats(depth=100, running=4, slots=4, waiting_tenants=5)


def excess(jobs: int, tenant: str | None = None) -> Excess:
    """Return an excess of so many jobs of a tenant, or of all of them."""
    return Excess("Too many jobs wait.", jobs, 20, tenant)


@pytest.mark.parametrize(
    ("too_many", "stats", "pace", "seconds"),
    [
        pytest.param(excess(30), BUSY, Pace(60, 20, 1), 10, id="three ended a second"),
        pytest.param(excess(30, "t"), BUSY, Pace(20, 20, 1), 30, id="one of the tenant did"),
        pytest.param(excess(1), BUSY, Pace(600, 20, 0.1), 1, id="never less than a second"),
        pytest.param(excess(10), BUSY, Pace(4, 0.5, 2), 5, id="the window is too short"),
        pytest.param(excess(10, "t"), BUSY, Pace(0, 0.5, 2), 25, id="five tenants share slots"),
        pytest.param(excess(10), QueueStats(), Pace(4, 20, 2), 50, id="no worker, but a pace"),
        pytest.param(excess(10), BUSY, Pace(0, 20, None), 30, id="nothing is known"),
        pytest.param(excess(5000), BUSY, Pace(5, 60, 40), 3600, id="an hour at most"),
    ],
)
def test_the_estimate(too_many: Excess, stats: QueueStats, pace: Pace, seconds: int) -> None:
    """The jobs that are too many go at the pace that was measured, or that all slots have."""
    assert retry_after(too_many, stats, pace) == seconds


async def test_the_pace_is_that_of_the_window_and_of_the_tenant(
    client: AsyncServiceClient, database: Database
) -> None:
    """Only jobs that ran count; the mean run is that of the last minute."""
    for number, (ended, run) in enumerate([(5, 1), (5, 2), (30, 3), (90, 99)]):
        job = await client.submit("categorization", {**ITEM, "item_name": f"Milk {number}"})
        async with database.transaction() as session:
            await session.execute(
                text(
                    "UPDATE jobs SET state = 'succeeded', tenant_id = :tenant,"
                    " finished_at = now() - make_interval(secs => :ended),"
                    " started_at = now() - make_interval(secs => :ended + :run) WHERE id = :id"
                ),
                {"id": job.id, "ended": ended, "run": run, "tenant": f"t{number % 2}"},
            )
    await client.cancel((await client.submit("categorization", ITEM)).id)

    for window, tenant, ended, begun in ((10, None, 2, 7), (10, "t0", 1, 6), (1000, None, 3, 33)):
        pace = await read_pace(database, Queue.ITEMS, window, tenant)
        assert (pace.ended, pace.run) == (ended, 2)
        # Nothing was done before the first of them began; what follows took some time as well.
        assert begun <= pace.window <= min(window, 60)
    assert await read_pace(database, Queue.RECEIPTS, 10) == Pace(0, 10, None)


@pytest.mark.parametrize("ended", [1, 12], ids=["by the slots", "by the measured pace"])
async def test_the_promise_is_kept(
    client: AsyncServiceClient, settings: Settings, database: Database, ended: int
) -> None:
    """The times of the rows show when there was room, however slow this machine is."""
    slow = settings.model_copy(update={"item_slots": 4})
    small = settings.model_copy(update={"items_queue_limit": 5, "tenant_queue_share": 1.0})
    for number in range(44):
        await client.submit("categorization", {**ITEM, "item_name": f"Milk {number}"})
    async with worker_with(slow, lasting(0.3)), front_client(small) as front:
        await wait_until(lambda: _ended(database, ended), "some jobs ended")
        with pytest.raises(QueueFull) as refused:
            await front.submit("categorization", ITEM)
        asked_at = await _now(database)
        await wait_until(lambda: _ended(database, 41), "the queue had room", 60)

    # The fifth last of those that had been waiting makes room when it starts.
    async with database.transaction() as session:
        starts = (await session.scalars(select(Job.started_at).order_by(Job.started_at))).all()
    assert starts[39] is not None
    assert refused.value.retry_after is not None
    took = (starts[39] - asked_at).total_seconds()
    assert took / 2 <= refused.value.retry_after <= 2 * took + 1


async def _ended(database: Database, count: int) -> bool:
    """Return whether so many jobs have succeeded."""
    async with database.transaction() as session:
        succeeded = select(func.count()).where(Job.state == JobStatus.SUCCEEDED)
        return ((await session.scalar(succeeded)) or 0) >= count


async def _now(database: Database) -> datetime:
    """Return the time of Postgres."""
    async with database.transaction() as session:
        return (await session.scalars(select(func.now()))).one()
