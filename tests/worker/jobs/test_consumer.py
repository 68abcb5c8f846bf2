"""A worker takes messages as soon as they are published or a slot is free."""

import asyncio

import pytest

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until

# With one slot, polls alone would take ten seconds for this many jobs.
JOBS = 20


async def test_a_free_slot_takes_the_next_message_at_once(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Messages may be published while the slot is busy, or before the worker starts."""
    one_slot = settings.model_copy(update={"item_slots": 1})
    for number in range(JOBS):
        await client.submit("categorization", {**ITEM, "item_name": f"before {number}"})
    async with worker_with(one_slot, dairy):
        for number in range(JOBS):
            await client.submit("categorization", {**ITEM, "item_name": f"meanwhile {number}"})

        async def all_succeeded() -> bool:
            found = await client.jobs(status=JobStatus.SUCCEEDED, limit=100)
            return len(found.jobs) == 2 * JOBS

        # By polls alone it would take twenty seconds.
        await wait_until(all_succeeded, "all jobs succeeded", within=10)


async def test_workers_hear_of_the_messages_of_their_queue_only(
    client: AsyncServiceClient, messenger: Messenger
) -> None:
    async with (
        messenger.calls([Queue.ITEMS]) as items,
        messenger.calls([Queue.RECEIPTS]) as receipts,
    ):
        await client.submit("categorization", ITEM)
        async with asyncio.timeout(5):
            assert await anext(items) is Queue.ITEMS
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(receipts)
