"""The order in which a worker does the jobs of several tenants, with real messages."""

from collections.abc import Sequence
from datetime import timedelta

from redis.asyncio import Redis
from sqlalchemy import func, select, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.queues.order import lift
from shared.wire.messages import queue_key
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work
from worker.reconciliation.outbox import Outbox

MANY, SLOTS = 1000, 4


async def test_a_thousand_jobs_of_one_tenant_hold_up_no_other(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The newcomer waits for the slots in use and for one turn of each tenant."""
    four_slots = settings.model_copy(update={"item_slots": SLOTS})
    gate = Gate()
    began: list[str] = []

    async def run(work: Work) -> Product:
        began.append(work.payload["item_name"])
        if len(began) <= SLOTS:
            return await gate(work)
        return await dairy(work)

    await client.submit_many(
        {"feature": "categorization", "payload": {**ITEM, "item_name": f"a {number}"}}
        for number in range(MANY)
    )
    async with worker_with(four_slots, run):
        await wait_until(lambda: len(began) == SLOTS, "all slots were in use")
        await client.submit("categorization", {**ITEM, "item_name": "b"}, tenant_id="b")
        gate.opened.set()
        await wait_until(lambda: "b" in began, "the job of the other tenant began")

    assert began.index("b") < 2 * SLOTS + 2


async def test_a_job_that_is_lifted_moves_to_its_new_place(
    client: AsyncServiceClient, settings: Settings, database: Database, outbox: Outbox
) -> None:
    """The message stays in Redis meanwhile, so that a worker may take it at any time."""
    low = await client.submit("categorization", ITEM)
    for number in range(3):
        urgent = {**ITEM, "item_name": f"urgent {number}"}
        await client.submit("categorization", urgent, priority=9, tenant_id="b")
    before = await _order(settings, database)
    async with database.transaction() as session:
        long_ago = func.now() - timedelta(seconds=100)
        await session.execute(update(Job).values(queued_at=long_ago))
    async with database.transaction() as session:
        assert await lift(session, Queue.ITEMS, 60, 10) == 1
    during = await _order(settings, database)
    assert await outbox.publish() == 1
    after = await _order(settings, database)

    assert before == during == [9, 9, 9, 0]
    assert 0 in after[:2]
    async with worker_with(settings, dairy):
        assert (await client.await_job(low.id)).status is JobStatus.SUCCEEDED


async def _order(settings: Settings, database: Database) -> Sequence[int]:
    """Return the priorities of the jobs in the order of their messages."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        listed = await redis.zrange(queue_key(settings.queue_namespace, Queue.ITEMS), 0, -1)
    async with database.transaction() as session:
        rows = (await session.execute(select(Job.id, Job.priority))).all()
    priorities = {str(row.id): row.priority for row in rows}
    return [priorities[name.decode().partition(":")[0]] for name in listed]
