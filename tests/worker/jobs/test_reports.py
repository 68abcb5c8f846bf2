"""Workers report what a job does only while somebody listens to it."""

import asyncio

from shared.client import AsyncServiceClient
from shared.contracts.events import StageEvent
from shared.settings import Settings
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work


async def test_stages_are_only_sent_while_somebody_listens(
    client: AsyncServiceClient, settings: Settings, messenger: Messenger
) -> None:
    """The end of a job is always announced."""
    enough = asyncio.Event()

    async def run(work: Work) -> Product:
        async def measured() -> bool:
            with work.recorder.measure("step"):
                return enough.is_set()

        await wait_until(measured, "there were enough stages", pause=0.02)
        return await dairy(work)

    async with worker_with(settings, run), messenger.news() as news, asyncio.timeout(10):
        enough.set()
        ignored = await client.submit("categorization", ITEM)
        first = await anext(news)
        enough.clear()
        listened = await client.submit("categorization", ITEM)
        await messenger.publish_listened([listened.id])
        # Its claim is announced too, unless that came before the worker knew.
        reported = [await anext(news), await anext(news)]
        enough.set()
        await client.await_job(listened.id)

    assert first == ignored.id
    stage = reported[-1]
    assert isinstance(stage, StageEvent)
    assert (stage.job_id, stage.attempt, stage.stage) == (listened.id, 1, "step")
