"""Scenarios in which fronts and workers are replaced one by one, while clients call them."""

import asyncio
import signal
from pathlib import Path
from urllib.parse import urlsplit

from shared.local.checkout import ROOT
from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.replacing.clients import clients_at_work
from tests.support.processes.balancer import balanced
from tests.support.processes.code_before import Before, extract

_FRONTS = 2
# Fronts say that they stop for as long before they do.
_SETTINGS = {"DRAIN_DELAY": "1"}


async def rolling_restart(plan: Plan) -> Report:
    """Two fronts and every worker in turn get SIGTERM and are started again."""
    return await _roll("rolling_restart", plan, None, None)


async def rolling_upgrade(plan: Plan) -> Report:
    """Every front and worker in turn is replaced by one of today's code, on the same servers."""
    return await _roll("rolling_upgrade", plan, "deployed", None)


async def rolling_upgrade_of_release(plan: Plan) -> Report:
    """The same as `rolling_upgrade`, from the last release."""
    return await _roll("rolling_upgrade_of_release", plan, "release", None)


async def rolled_back(plan: Plan) -> Report:
    """Every front and worker in turn is replaced by one of the code before, on today's schema."""
    return await _roll("rolled_back", plan, None, "deployed")


async def _roll(scenario: str, plan: Plan, before: Before | None, after: Before | None) -> Report:
    """Replace code by other code, which are both today's if they are None."""
    async with cluster(0, plan.seed, {**plan.settings, **_SETTINGS}, fronts=0) as system:
        old, new = _source(before, system.folder), _source(after, system.folder)
        for _ in range(_FRONTS):
            await asyncio.to_thread(system.start_front, source=old)
        for _ in range(plan.workers):
            system.start_worker(old)
        async with (
            balanced(lambda: system.fronts) as url,
            clients_at_work(system, url) as clients,
        ):
            await system.until("state = 'succeeded'", 5)
            await _replace_fronts(system, new)
            await _replace_workers(system, new)
            count = await system.count("state = 'succeeded'")
            await system.until("state = 'succeeded'", count + 5)
        await system.all_finished()
        report = await audit(scenario, system)
        report.notes["calls"] = clients.calls
        return report


def _source(before: Before | None, folder: Path) -> Path:
    return extract(before, folder) if before else ROOT


async def _replace_fronts(system: Cluster, source: Path) -> None:
    """Stop each front, and start another one at its address."""
    for url in list(system.fronts):
        await asyncio.to_thread(system.stop_front, url)
        await asyncio.to_thread(system.start_front, urlsplit(url).port, source=source)


async def _replace_workers(system: Cluster, source: Path) -> None:
    """Start another worker for each, which is stopped then."""
    for worker in list(system.workers):
        system.start_worker(source)
        system.kill_worker(worker, signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 30)
