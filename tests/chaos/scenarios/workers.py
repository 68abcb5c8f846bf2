"""Scenarios that break workers: kills, freezes, restarts, and jobs that do harm themselves."""

import asyncio
import signal
from dataclasses import replace
from uuid import UUID

import psutil

from shared.local import stack
from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.receipts import submit_receipts
from tests.chaos.report import Report
from tests.support.waiting import wait_until


async def worker_killed(plan: Plan) -> Report:
    """Random workers get SIGKILL, one after the other, while jobs run."""
    async with cluster(plan.workers, plan.seed, plan.settings) as system:
        async with calling(system, "slow 0.5", pause=0.2):
            while len(system.killed_at) < plan.kills:
                if busy := await _busy(system):
                    system.kill_worker(system.rng.choice(busy))
                    system.start_worker()
                await asyncio.sleep(system.rng.uniform(0.2, 1.0))
        await system.all_finished()
        report = await audit("worker_killed", system)
        report.notes["kills"] = len(system.killed_at)
        return report


async def killed_before_claim(plan: Plan) -> Report:
    """A worker dies after it took a message and before it claimed the job."""
    async with cluster(1, plan.seed, {"ITEM_SLOTS": "1", **plan.settings}) as system:
        await system.submit("noop")
        await system.all_finished()
        system.freeze_worker(system.workers[0])
        (job,) = await system.submit("noop once more")
        async with system.database() as database, database.transaction():
            await database.execute("SELECT 1 FROM jobs WHERE id = $1 FOR UPDATE", job)
            system.workers[0].send_signal(signal.SIGCONT)
            await _taken(system, job)
            system.kill_worker(system.workers[0])
        system.start_worker()
        await system.all_finished()
        return await audit("killed_before_claim", system)


async def zombie(plan: Plan, **env: str) -> Report:
    """A worker is frozen while it repairs, loses its lease, and then goes on with its jobs."""
    async with cluster(0, plan.seed, plan.settings) as system:
        frozen = system.start_worker(**env)
        await _freeze_with_jobs(system, frozen)
        system.start_worker()
        await system.all_finished()
        frozen.send_signal(signal.SIGCONT)
        await system.submit("noop", 5)
        await system.all_finished()
        return await audit("zombie", system)


async def skewed_zombie(plan: Plan) -> Report:
    """The same as `zombie`, with a worker whose clock is an hour ahead."""
    report = await zombie(plan, CHAOS_CLOCK_SKEW="3600")
    report.scenario = "skewed_zombie"
    return report


async def pooled_zombie(plan: Plan) -> Report:
    """The same as `zombie`, with PgBouncer before Postgres."""
    settings = {**plan.settings, "DATABASE_POOLER": "transaction"}
    report = await zombie(replace(plan, settings=settings))
    report.scenario = "pooled_zombie"
    return report


async def recognition_killed(plan: Plan) -> Report:
    """The child that reads a receipt is killed, and its worker lives on."""
    settings = {**plan.settings, "WORKER_QUEUES": "receipts", "RECEIPT_SLOTS": "1"}
    async with cluster(1, plan.seed, settings) as system:
        await submit_receipts(system, 3)
        await system.until("state = 'running'", 1)
        (child,) = [
            process
            for process in psutil.Process(system.workers[0].pid).children()
            if "spawn_main" in " ".join(process.cmdline())
        ]
        child.kill()
        await system.all_finished()
        report = await audit("recognition_killed", system)
        report.notes["worker_lived"] = system.workers[0].poll() is None
        return report


async def poison(plan: Plan) -> Report:
    """A job that kills its worker every time fails in the end, and the queue goes on."""
    async with cluster(2, plan.seed, plan.settings) as system:
        (bad,) = await system.submit("poison")
        await system.submit("slow 0.2", 20)

        async def failed() -> bool:
            for worker in [process for process in system.workers if process.poll() is not None]:
                # The job has killed it.
                system.workers.remove(worker)
                system.gone.add(worker.pid)
                system.start_worker()
            return await system.count(f"id = '{bad}' AND state = 'failed'") == 1

        await wait_until(failed, "the job failed", within=120)
        await system.all_finished()
        report = await audit("poison", system, may_fail=1)
        async with system.database() as database:
            query = "SELECT error->>'error_class' FROM jobs WHERE id = $1"
            report.notes["failed_as"] = await database.fetchval(query, bad)
        return report


async def hung(plan: Plan) -> Report:
    """A job that never ends is stopped by its limit, and the queue goes on."""
    async with cluster(1, plan.seed, {"ITEM_TIMEOUT": "1", **plan.settings}) as system:
        await system.submit("hung", 2)
        await system.submit("noop", 20)
        await system.all_finished()
        return await audit("hung", system, may_fail=2)


async def _freeze_with_jobs(system: Cluster, worker: stack.Popen) -> None:
    """Freeze the only worker while it repairs and runs four jobs.

    A worker repairs only when something is due, so its jobs may be done before it can be caught.
    """
    for _ in range(5):
        await system.submit("slow 6", 4)
        await system.until("state = 'running'", 4)
        await _freeze_while_repairing(system, worker)
        if await system.count("state = 'running'") == 4:
            return
        worker.send_signal(signal.SIGCONT)
        await system.all_finished()
    raise RuntimeError("the worker was done before it could be frozen")


async def _freeze_while_repairing(system: Cluster, worker: stack.Popen) -> None:
    """Freeze the only worker at a moment when it holds the lock of the reconciler."""
    holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    async with system.database() as database:

        async def frozen_with_lock() -> bool:
            system.freeze_worker(worker)
            await wait_until(lambda: _is_stopped(worker.pid), "the worker was frozen")
            if await database.fetchval(holders):
                return True
            worker.send_signal(signal.SIGCONT)
            return False

        await wait_until(frozen_with_lock, "the worker was frozen while it repaired", within=60)


def _is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


async def _busy(system: Cluster) -> list[stack.Popen]:
    """Return the workers that are running a job."""
    async with system.database() as database:
        rows = await database.fetch("SELECT DISTINCT worker_id FROM jobs WHERE state = 'running'")
    pids = {int(row["worker_id"].split(":")[1]) for row in rows}
    return [worker for worker in system.workers if worker.pid in pids and worker.poll() is None]


async def _taken(system: Cluster, job: UUID) -> None:
    """Wait until a worker has taken the first message of a job."""
    async with system.redis() as redis:
        key = f"arq:in-progress:{job}:1"
        await wait_until(lambda: redis.exists(key), "a worker took the message")
