"""Scenarios in which Postgres hangs, errs or is away for long, while callers go on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS
from tests.chaos.servers import fill

Trouble = Callable[[Cluster], AbstractAsyncContextManager[None]]


async def postgres_stopped(plan: Plan) -> Report:
    """Postgres hangs for longer than a lease: it accepts connections and answers nothing."""

    @asynccontextmanager
    async def frozen(system: Cluster) -> AsyncIterator[None]:
        with system.frozen("postgres"):
            yield

    return await _troubled("postgres_stopped", plan, frozen, plan.outage)


async def postgres_killed(plan: Plan) -> Report:
    """Postgres is killed, and away for longer than a lease."""

    @asynccontextmanager
    async def killed(system: Cluster) -> AsyncIterator[None]:
        await asyncio.to_thread(system.kill, "postgres")
        yield
        await asyncio.to_thread(system.start_postgres)

    return await _troubled("postgres_killed", plan, killed, plan.outage, may_repeat=True)


async def postgres_read_only(plan: Plan) -> Report:
    """Postgres takes no writes for longer than a lease, as a standby does."""

    @asynccontextmanager
    async def read_only(system: Cluster) -> AsyncIterator[None]:
        setting = "ALTER SYSTEM SET default_transaction_read_only = {}"
        reload = "SELECT pg_reload_conf()"
        await system.administer(setting.format("on"), reload)
        yield
        await system.administer(setting.format("off"), reload)

    return await _troubled("postgres_read_only", plan, read_only, plan.outage)


async def postgres_out_of_disk(plan: Plan) -> Report:
    """The disk of Postgres is full for longer than a lease."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}, small_disk=True) as system:
        # Two or three rows to a page, so that nearly every write needs another page.
        system.labels = [uuid4().hex for _ in range(80)]
        async with calling(system, "slow 0.5"):
            await system.until("state = 'succeeded'", 5)
            ballast = fill(system.folder / "postgres")
            with system.outage():
                await asyncio.sleep(plan.outage)
                ballast.unlink()
                restarted = await _revive(system)
            await asyncio.sleep(CALM)
        await system.all_finished()
        report = await audit("postgres_out_of_disk", system, may_repeat=restarted)
        # Its own log is on the full disk.
        logs = [(system.folder / name).read_text() for name in ("front.log", "workers.log")]
        refused = sum(log.count("DiskFullError") for log in logs)
        report.notes |= {"refused_writes": refused, "restarted": restarted}
        if not refused and not restarted:
            report.problem = "Postgres refused no write"
        return report


async def _revive(system: Cluster) -> bool:
    """Start Postgres if it has ended for want of space, as an operator does; return whether."""
    try:
        await system.administer("SELECT 1")
    except OSError:
        system.stop("postgres")
        await asyncio.to_thread(system.start_postgres)
        return True
    return False


async def _troubled(
    scenario: str, plan: Plan, trouble: Trouble, seconds: float, *, may_repeat: bool = False
) -> Report:
    """Let callers go on before, during and after some trouble with Postgres."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}) as system:
        async with calling(system, "slow 0.5"):
            await system.until("state = 'succeeded'", 5)
            with system.outage():
                async with trouble(system):
                    await asyncio.sleep(seconds)
            await asyncio.sleep(CALM)
        await system.all_finished()
        return await audit(scenario, system, may_repeat=may_repeat)
