"""The scenario in which callbacks have to arrive while everything around them dies."""

import asyncio

from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.receiving import SETTINGS, Receiver, all_delivered, some
from tests.support.waiting import wait_until

_UNFINISHED = "state IN ('queued', 'running')"


async def callbacks(plan: Plan) -> Report:
    """Workers, Redis and the receiver of callbacks die while jobs end."""
    settings = {**SETTINGS, **plan.settings}
    async with cluster(plan.workers, plan.seed, settings) as system:
        with Receiver(system) as receiver:
            receiver.kill()
            await system.submit("slow 1", plan.jobs, callback=receiver.url)
            await wait_until(
                lambda: some(system, "last_error IS NOT NULL"), "an attempt failed", 60
            )
            receiver.revive()
            waiting = await _break_everything(plan, system, receiver)
            await system.all_finished()
            # Pauses triple, so what is left is due within twice the time that it has been pending.
            receiver.repair()
            await wait_until(
                lambda: all_delivered(system),
                "all were delivered",
                within=300,
                pause=0.2,
            )
            report = await audit("callbacks", system)
            await _audit_callbacks(report, system, receiver, waiting)
            return report


async def _break_everything(plan: Plan, system: Cluster, receiver: Receiver) -> int | None:
    """Kill workers and the receiver one after the other, and Redis once, while there is work.

    Returns how many jobs had not ended when Redis lost its messages, or None if it never did.
    """
    half, waiting = plan.kills // 2, None
    while len(system.killed_at) < plan.kills and (
        await system.count(_UNFINISHED) or not await all_delivered(system)
    ):
        if len(system.killed_at) == half:
            system.stop("redis")
            waiting = await system.count(_UNFINISHED)
            system.start_redis(empty=True)
        system.kill_worker(system.rng.choice(system.workers))
        system.start_worker()
        receiver.kill()
        await asyncio.sleep(system.rng.uniform(0.2, 1.0))
        receiver.revive()
        # The receiver takes about half a second to start, and has to live for a while: only what
        # it receives can arrive twice.
        await asyncio.sleep(system.rng.uniform(0.5, 2.0))
    return waiting


async def _audit_callbacks(
    report: Report, system: Cluster, receiver: Receiver, waiting: int | None
) -> None:
    """Count callbacks that never arrived as lost, and note how often the others did.

    A run that broke nothing shows nothing, so that it fails.
    """
    received = receiver.received()
    async with system.database() as database:
        sent = await database.fetchval("SELECT sum(attempts) FROM callback_deliveries")
    missing = [job for job in system.accepted if str(job) not in received]
    report.lost += len(missing)
    report.notes |= {
        "kills": len(system.killed_at),
        "unfinished_without_redis": waiting,
        "receivers": receiver.starts,
        "requests": int(sent),
        "received": len(received),
        "repetitions": received.total() - len(received),
    }
    assert system.killed_at, "no worker was killed"
    assert waiting, "Redis was not stopped while jobs ran or waited"
    assert sent > len(system.accepted), "no delivery took more than one attempt"
