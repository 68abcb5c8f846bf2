"""Stores samples of the figures of the queues, for the pictures of the console."""

import asyncio
from contextlib import AbstractAsyncContextManager

from api.admission import Admission
from shared.process.background import repeating
from shared.store.figures.samples import SAMPLED_EVERY, store_samples
from shared.store.postgres.database import Database


def sampling(database: Database, admission: Admission) -> AbstractAsyncContextManager[None]:
    """Store the figures that are known of the queues during the block, every ten seconds."""

    async def sample() -> None:
        await asyncio.sleep(SAMPLED_EVERY)
        await store_samples(database.fetch, await admission.stats())

    return repeating("samples", sample, pause=0)
