"""Scenarios in which the object store is away, is slow, or loses what it took."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from obstore.store import S3Store

from shared.local import stack
from shared.local.processes import free_port
from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM
from tests.support.processes.bucket import BUCKET, CREDENTIALS, bucket_server
from tests.support.processes.wire import Wire, wired

# Receipts are compared with what was sent, which takes no engine.
_SETTINGS = {
    "WORKER_QUEUES": "receipts",
    "CHAOS_RECEIPTS": "compared",
    "RECEIPT_SLOTS": "4",
    "IMAGE_STORE": f"s3://{BUCKET}/chaos",
    "IMAGE_STORE_TIMEOUT": "1",
    **CREDENTIALS,
}
# Seconds by which a slow network keeps what it carries, in each direction.
_SLOW = 0.2


async def image_store_away(plan: Plan) -> Report:
    """Nobody listens where the object store was; submissions are refused, and jobs wait."""
    async with _stored(plan, 2) as (system, wire, url):
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            wire.lead_to("127.0.0.1", free_port())
            await wire.sever()
            await asyncio.sleep(plan.trouble)
            wire.lead_to("127.0.0.1", urlsplit(url).port or 80)
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await _audited("image_store_away", system)


async def image_store_slow(plan: Plan) -> Report:
    """The object store is slow, then accepts connections and answers nothing."""
    async with _stored(plan, 2) as (system, wire, _):
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            wire.delay = _SLOW
            await asyncio.sleep(plan.trouble)
            wire.flowing.clear()
            await asyncio.sleep(plan.trouble)
            wire.delay = 0
            wire.flowing.set()
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await _audited("image_store_slow", system)


async def image_store_losing(plan: Plan) -> Report:
    """The object store took images and has lost some of them when the workers come for them."""
    async with _stored(plan, 0) as (system, _, url):
        await _submit(system, plan.jobs)
        lost = await _lose(url, len(system.accepted) // 3)
        for _ in range(2):
            system.start_worker()
        await system.all_finished()
        report = await audit("image_store_losing", system, may_fail=lost)
        named = await system.count("state = 'failed' AND error->>'code' = 'image_lost'")
        report.notes["images_lost"] = lost
        if named != lost:
            report.problem = f"{lost} images were lost, and {named} jobs say so"
        return report


@asynccontextmanager
async def _stored(plan: Plan, workers: int) -> AsyncIterator[tuple[Cluster, Wire, str]]:
    """Run a system whose images are in a bucket; yield it, the wire to the server, and its URL."""
    with stack.throwaway_folder() as folder, bucket_server(folder / "s3.log") as url:
        async with wired(url, 80) as (wire, through):
            settings = {**plan.settings, **_SETTINGS, "AWS_ENDPOINT_URL": through}
            async with cluster(workers, plan.seed, settings) as system:
                system.receipts = True
                yield system, wire, url


async def _audited(scenario: str, system: Cluster) -> Report:
    """Return the report; a scenario in which nobody was refused has not shown anything."""
    report = await audit(scenario, system)
    if not report.refused:
        report.problem = "the store was never seen to be away"
    return report


async def _submit(system: Cluster, count: int) -> None:
    async with calling(system, pause=0.05) as callers:
        await system.until("state = 'queued'", count)
        callers.stop()


async def _lose(url: str, count: int) -> int:
    """Delete so many objects; return the number."""
    store = S3Store.from_url(
        f"s3://{BUCKET}/chaos",
        config={
            "endpoint": url,
            "access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            "region": CREDENTIALS["AWS_REGION"],
        },
        client_options={"allow_http": True},
    )
    found = await store.list().collect_async()
    await store.delete_async([each["path"] for each in found[:count]])
    return count
