"""The scenario in which workers are asked to stop while neither server is there."""

import asyncio
import signal
from collections import Counter

from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report

# Seconds: how long jobs may go on in a worker that stops, and after how many more it has ended.
_GRACE, _MARGIN = 1, 12


async def drain(plan: Plan) -> Report:
    """Every worker gets SIGTERM while Postgres and Redis are away, and ends all the same."""
    settings = {**plan.settings, "SHUTDOWN_GRACE": str(_GRACE)}
    async with cluster(plan.workers, plan.seed, settings) as system:
        await system.submit("slow 3", plan.jobs // 2)
        await system.until("state = 'running'", plan.workers)
        system.stop("redis")
        system.stop("postgres")
        codes = await _stop_workers(system)
        system.start_postgres()
        system.start_redis()
        for _ in range(plan.workers):
            system.start_worker()
        await system.all_finished()
        report = await audit("drain", system)
        report.notes["exit_codes"] = codes
        return report


async def _stop_workers(system: Cluster) -> dict[int, int]:
    """Send SIGTERM to every worker; return how many ended with each exit code.

    Raises TimeoutExpired if one does not end.
    """
    workers = list(system.workers)
    for worker in workers:
        system.kill_worker(worker, signal.SIGTERM)
    codes = [asyncio.to_thread(worker.wait, _GRACE + _MARGIN) for worker in workers]
    return dict(Counter(await asyncio.gather(*codes)))
