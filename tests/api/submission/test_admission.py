"""Backpressure: a queue that has reached a limit refuses new work, and nothing else."""

import asyncio

import pytest
from sqlalchemy import text, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.errors import DatabaseUnavailable, QueueFull
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support.fronts import front_client
from tests.support.runners import ITEM, LABELS, dairy, worker_with
from tests.support.waiting import wait_until


def item(number: int) -> dict[str, object]:
    """Return the payload of an item that is different for each number."""
    return {**ITEM, "item_name": f"Milk {number}"}


def limited(settings: Settings, limit: int, share: float = 1) -> Settings:
    """Return settings by which so many items may wait, and this share of them of one tenant."""
    return settings.model_copy(update={"items_queue_limit": limit, "tenant_queue_share": share})


async def test_a_full_queue_refuses_new_work_and_finds_existing_jobs(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The refusal is a 503 with Retry-After. The other queue accepts work."""
    jobs = [
        await client.submit("categorization", item(n), idempotency_key=f"k{n}") for n in range(3)
    ]
    async with front_client(limited(settings, 3)) as front:
        with pytest.raises(QueueFull) as refused:
            await front.submit("categorization", item(3))
        with pytest.raises(QueueFull):
            await front.categorize("Milk", LABELS)
        again = await front.submit("categorization", item(0), idempotency_key="k0")
        items, receipts = sorted((await front.queues()).queues, key=lambda queue: queue.queue)
        listed = (await front.jobs()).jobs

    assert refused.value.problem["status"] == 503
    assert refused.value.retry_after
    assert again.id == jobs[0].id
    assert (items.queue, items.depth, items.accepting) == (Queue.ITEMS, 3, False)
    assert (receipts.depth, receipts.accepting) == (0, True)
    assert {job.id for job in listed} == {job.id for job in jobs}


async def test_jobs_that_are_done_make_room_at_once(settings: Settings) -> None:
    """A fast worker is not taken for a full queue while the numbers are a moment old."""
    async with worker_with(settings, dairy), front_client(limited(settings, 2)) as front:
        done = [await front.submit("categorization", item(n), wait=10) for n in range(12)]

    assert all(job.status.finished for job in done)


async def test_a_tenant_whose_oldest_job_waits_too_long_is_refused(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The backlog of one tenant refuses nobody else, whose jobs come before the end of it."""
    await client.submit("categorization", item(0))
    async with database.transaction() as session:
        await session.execute(update(Job).values(queued_at=text("now() - interval '200 seconds'")))
    async with front_client(settings) as front:
        with pytest.raises(QueueFull, match=r"of this tenant: the oldest has waited for 120 s"):
            await front.submit("categorization", item(1))
        other = await front.submit("categorization", item(1), tenant_id="other")
        items = next(queue for queue in (await front.queues()).queues if queue.queue is Queue.ITEMS)

    assert other.tenant_id == "other"
    assert (items.oldest_age > 199, items.accepting) == (True, True)


async def test_the_queues_show_their_workers(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """With an idle worker the estimated wait is 0."""
    async with worker_with(settings, dairy):
        await client.submit("categorization", ITEM, wait=10)
        async with front_client(settings) as front:
            items = next(
                queue for queue in (await front.queues()).queues if queue.queue is Queue.ITEMS
            )

    assert (items.workers, items.slots) == (1, settings.item_slots)
    assert (items.depth, items.running, items.finished_per_minute) == (0, 0, 1)
    assert items.estimated_wait == 0
    assert items.accepting


async def test_receipts_leave_connections_to_everything_else(
    settings: Settings, database: Database, receipt_png: bytes
) -> None:
    """Images that Postgres does not take delay neither items nor reads."""
    async with front_client(settings) as front, database.transaction() as session:
        await session.execute(text("LOCK TABLE job_images"))
        receipts = [
            asyncio.create_task(front.submit_receipt(receipt_png, request_id=f"{number}"))
            for number in range(12)
        ]
        await wait_until(lambda: _waiting(database, 4), "four receipts waited", 20)
        async with asyncio.timeout(30):
            item_job = await front.submit("categorization", ITEM)
            assert await front.job(item_job.id) == item_job
        await session.execute(text("COMMIT"))
        await asyncio.gather(*receipts)


async def _waiting(database: Database, count: int) -> bool:
    """Return whether so many statements wait for a lock."""
    async with database.transaction() as session:
        waiting = await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    return bool(waiting == count)


async def test_a_receipt_waits_for_its_turn_as_long_as_for_a_connection(
    settings: Settings, database: Database, receipt_png: bytes
) -> None:
    """Receipts that Postgres does not take are refused, and so are those behind them."""
    short = settings.model_copy(update={"database_patience": 1})
    async with front_client(short) as front, database.transaction() as session:
        await session.execute(text("LOCK TABLE job_images"))
        receipts = (
            front.submit_receipt(receipt_png, request_id=f"{number}") for number in range(16)
        )
        async with asyncio.timeout(15):
            refused = await asyncio.gather(*receipts, return_exceptions=True)

    assert all(isinstance(error, DatabaseUnavailable) for error in refused)
