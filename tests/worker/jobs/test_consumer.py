"""When a worker looks for messages: as soon as there is something to do, and now and then."""

import asyncio

import pytest

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until

# So many that a worker with one slot would take ten seconds for them if each waited for a poll.
JOBS = 20


async def test_a_free_slot_takes_the_next_message_at_once(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Whether it was published while the slot was busy or before the worker was there."""
    one_slot = settings.model_copy(update={"item_slots": 1})
    for number in range(JOBS):
        await client.submit("categorization", {**ITEM, "item_name": f"before {number}"})
    async with worker_with(one_slot, dairy):
        for number in range(JOBS):
            await client.submit("categorization", {**ITEM, "item_name": f"meanwhile {number}"})

        async def all_done() -> bool:
            done = await client.jobs(status=JobStatus.SUCCEEDED, limit=100)
            return len(done.jobs) == 2 * JOBS

        # The limit of a wait: by polls alone it would take twenty seconds.
        await wait_until(all_done, "all were done", within=10)


async def test_workers_hear_of_every_message_of_their_queue(
    client: AsyncServiceClient, messenger: Messenger
) -> None:
    """And of no other's."""
    async with (
        messenger.publications(Queue.ITEMS) as items,
        messenger.publications(Queue.RECEIPTS) as receipts,
    ):
        await client.submit("categorization", ITEM)
        async with asyncio.timeout(5):
            await anext(items)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(receipts)
