"""Scenarios in which the primary is lost with its machine, and its standby takes its place."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS
from tests.chaos.standby import standby
from tests.support.processes.wire import Wire, wired
from tests.support.waiting import wait_until

_SYNCHRONOUS = ("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")


async def failing_over(plan: Plan) -> Report:
    """Postgres dies; the proxy leads to its standby, which takes no writes until it is promoted."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}, through_wire=True) as system:
        copy = await _follow(system, system.postgres_url)
        # Without this, what was accepted in the last moment would die with the server.
        await system.administer(*_SYNCHRONOUS)
        await wait_until(lambda: _followed(system, "sync"), "the standby followed")
        async with calling(system, "slow 0.5"):
            await system.until("state = 'succeeded'", 5)
            with system.outage():
                await asyncio.to_thread(system.kill, "postgres")
                await asyncio.sleep(plan.trouble / 2)
                await _lead_to(system, copy)
                await asyncio.sleep(plan.trouble / 2)
                promotion = await _promote(system, copy)
            await asyncio.sleep(CALM)
        await system.all_finished()
        report = await audit("failing_over", system, may_repeat=True)
        report.notes["promotion"] = promotion
        return report


async def machine_lost(plan: Plan) -> Report:
    """The machine of the primary is lost while its synchronous standby lags. The URL has both."""
    report = await _lose_machine("machine_lost", plan, synchronous=True)
    if report.notes["gone"]:
        report.problem = f"{report.notes['gone']} acknowledged jobs are gone"
    return report


async def machine_lost_unsynced(plan: Plan) -> Report:
    """The same as `machine_lost` with an asynchronous standby. What it lacks is gone, and counted.

    The report has it as `gone`: the jobs in the log of the callers that are in no row.
    """
    report = await _lose_machine("machine_lost_unsynced", plan, synchronous=False)
    # Jobs whose outcome is gone run in the rows until their leases expire there.
    report.notes["rescued"] = report.false_failures - report.failed
    report.false_failures = report.failed
    if not report.notes["gone"]:
        report.problem = "the standby lacked nothing, so nothing was shown"
    return report


async def _lose_machine(scenario: str, plan: Plan, *, synchronous: bool) -> Report:
    # The standby is there before the processes, whose URL names it.
    async with cluster(0, plan.seed, {**plan.settings, **SLOTS}, fronts=0) as system:
        async with wired(system.postgres_url, 5432) as (replication, url):
            copy = await _follow(system, url)
            if synchronous:
                await system.administer(*_SYNCHRONOUS)
            await wait_until(
                lambda: _followed(system, "sync" if synchronous else "async"),
                "the standby followed",
            )
            system.env["DATABASE_URL"] = _either(system.postgres_url, copy)
            await asyncio.to_thread(system.start_front)
            for _ in range(2):
                system.start_worker()
            async with calling(system, "slow 0.5"):
                await system.until("state = 'succeeded'", 5)
                async with _losing(system, replication, plan.trouble):
                    promotion = await _promote(system, copy)
                    await asyncio.sleep(CALM)
        gone = await _forget_gone(system)
        await system.all_finished()
        report = await audit(scenario, system, may_repeat=True)
        report.notes |= {"gone": len(gone), "promotion": promotion}
        return report


@asynccontextmanager
async def _losing(system: Cluster, replication: Wire, seconds: float) -> AsyncIterator[None]:
    """Let the standby lag for some seconds. Then the primary answers nothing, and never will.

    Connections to it are accepted in the block, as those to a machine are that is lost without a
    word to its peers.
    """
    with system.outage():
        replication.flowing.clear()
        await asyncio.sleep(seconds)
        await replication.cut()
        lost = system.hang("postgres")
        try:
            yield
        finally:
            for process in lost:
                process.kill()


async def _promote(system: Cluster, url: str) -> float:
    """Promote the standby at `url`; return how many seconds that took."""
    system.postgres_url = url
    began = time.monotonic()
    await system.administer("SELECT pg_promote()")
    return round(time.monotonic() - began, 1)


async def _forget_gone(system: Cluster) -> set[UUID]:
    """Return the accepted jobs that are in no row, and strike them from the callers' log."""
    async with system.database() as database:
        query = "SELECT id FROM jobs WHERE id = ANY($1)"
        there = {row["id"] for row in await database.fetch(query, system.accepted)}
    gone = set(system.accepted) - there
    system.accepted = [job for job in system.accepted if job in there]
    system.keys = {key: job for key, job in system.keys.items() if job in there}
    return gone


async def _follow(system: Cluster, url: str) -> str:
    return await asyncio.to_thread(system.enter, "standby", standby(url, system.folder / "standby"))


async def _followed(system: Cluster, state: str) -> bool:
    async with system.database() as database:
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = $1"
        return bool(await database.fetchval(query, state))


async def _lead_to(system: Cluster, url: str) -> None:
    """Lead everybody to another server, whatever they are connected to."""
    parts = urlsplit(url)
    assert system.wire is not None
    system.wire.lead_to(str(parts.hostname), int(parts.port or 0))
    await system.wire.sever()


def _either(first: str, second: str) -> str:
    """Return the URL that names the hosts of both."""
    parts, other = urlsplit(first), urlsplit(second)
    return parts._replace(netloc=f"{parts.netloc},{other.hostname}:{other.port}").geturl()
