"""A scenario in which the way to Postgres is slow, or swallows everything."""

import asyncio

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS
from tests.support.processes.wire import Wire

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


def _wire(system: Cluster) -> Wire:
    assert system.wire is not None
    return system.wire
