"""Scenarios in which the way to Postgres is slow, swallows everything, or leads to a standby."""

import asyncio
import time
from urllib.parse import urlsplit

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS
from tests.chaos.standby import standby
from tests.support.processes.wire import Wire
from tests.support.waiting import wait_until

# Seconds by which a slow network keeps what it carries. A statement and its answer take twice that.
_SLOW = 0.15


async def postgres_slow(plan: Plan) -> Report:
    """The network to Postgres is slow, swallows everything for a while, and ends connections."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}, through_wire=True) as system:
        wire = _wire(system)
        async with calling(system, "slow 0.5"):
            await system.until("state = 'succeeded'", 5)
            wire.delay = _SLOW
            await asyncio.sleep(plan.trouble)
            with system.outage():
                wire.flowing.clear()
                await asyncio.sleep(plan.outage)
                await wire.sever()
                wire.flowing.set()
            wire.delay = 0
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await audit("postgres_slow", system)


async def failing_over(plan: Plan) -> Report:
    """Postgres dies; the proxy leads to its standby, which takes no writes until it is promoted."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}, through_wire=True) as system:
        copy = await asyncio.to_thread(
            system.enter, "standby", standby(system.postgres_url, system.folder / "standby")
        )
        # Without this, what was accepted in the last moment would die with the server.
        await system.administer(
            "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"
        )
        await wait_until(lambda: _followed(system), "the standby followed")
        async with calling(system, "slow 0.5"):
            await system.until("state = 'succeeded'", 5)
            with system.outage():
                await asyncio.to_thread(system.kill, "postgres")
                await asyncio.sleep(plan.trouble / 2)
                await _lead_to(system, copy)
                await asyncio.sleep(plan.trouble / 2)
                began = time.monotonic()
                await system.administer("SELECT pg_promote()")
            promotion = time.monotonic() - began
            await asyncio.sleep(CALM)
        await system.all_finished()
        report = await audit("failing_over", system, may_repeat=True)
        report.notes["promotion"] = round(promotion, 1)
        return report


async def _lead_to(system: Cluster, url: str) -> None:
    """Lead everybody to another server, whatever they are connected to."""
    system.postgres_url = url
    parts = urlsplit(url)
    _wire(system).lead_to(str(parts.hostname), int(parts.port or 0))
    await _wire(system).sever()


async def _followed(system: Cluster) -> bool:
    async with system.database() as database:
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
        return bool(await database.fetchval(query))


def _wire(system: Cluster) -> Wire:
    assert system.wire is not None
    return system.wire
