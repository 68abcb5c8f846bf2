"""The scenario in which processes are asked to stop while they start."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import running
from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.support.waiting import wait_until

# Seconds after which a process that was asked to stop has ended, beside SHUTDOWN_GRACE.
_MARGIN = 10
_GRACE = 1
# How many processes are stopped at a random moment, at most.
_STARTS = 12
_PROGRAMS = ("worker", "api")


async def stopped_at_start(plan: Plan) -> Report:
    """Workers and fronts get SIGTERM while they start, and while they wait for a server."""
    settings = {**plan.settings, "SHUTDOWN_GRACE": str(_GRACE)}
    async with cluster(2, plan.seed, settings) as system:
        codes: Counter[int] = Counter()
        async with calling(system):
            codes.update(await _stop_while_starting(system, min(2 * plan.kills, _STARTS)))
            with system.frozen("redis"):
                codes.update(await _stop_while_waiting(system))
            with system.outage():
                with system.frozen("postgres"):
                    codes.update(await _stop_while_waiting(system))
                await asyncio.to_thread(system.stop, "postgres")
                codes.update(await _stop_while_waiting(system))
                await asyncio.to_thread(system.start_postgres)
        await system.all_finished()
        report = await audit("stopped_at_start", system)
        report.notes["exit_codes"] = dict(codes)
        # A process that has yet to install its handlers ends by the signal itself.
        report.died += sum(codes[code] for code in codes if code not in (0, -signal.SIGTERM))
        return report


async def _stop_while_starting(system: Cluster, count: int) -> list[int]:
    """Stop fronts and workers after a random part of their start; return their exit codes."""
    codes = []
    for number in range(count):
        with _started(system, _PROGRAMS[number % 2], f"stopped-{number}") as (process, _):
            await asyncio.sleep(system.rng.uniform(0.05, 2.0))
            codes.append(await _stopped(process))
    return codes


async def _stop_while_waiting(system: Cluster) -> list[int]:
    """Stop a front and a worker that wait for a server, or would; return their exit codes."""
    with ExitStack() as stack_:
        processes = []
        for program in _PROGRAMS:
            process, log = stack_.enter_context(_started(system, program, f"waiting-{program}"))
            await wait_until(partial(_missing, log), f"{program} missed a server", 20)
            processes.append(process)
        return list(await asyncio.gather(*map(_stopped, processes)))


def _missing(log: Path) -> bool:
    return "dependency.missing" in log.read_text()


@contextmanager
def _started(system: Cluster, program: str, name: str) -> Iterator[tuple[stack.Popen, Path]]:
    """Start a front or a worker, without waiting for it; yield the process and its log."""
    log = system.folder / f"{name}.log"
    log.unlink(missing_ok=True)
    env = {**system.env, "HOST": "127.0.0.1", "PORT": "0"}
    command = [sys.executable, "-m", program]
    with running(command, env=env, log=log, cwd=ROOT) as process:
        if program == "worker":
            # Jobs that it has taken may run again.
            system.gone.add(process.pid)
        yield process, log


async def _stopped(process: stack.Popen) -> int:
    """Ask a process to stop, and return its exit code. Raises TimeoutExpired if it goes on."""
    process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(process.wait, _GRACE + _MARGIN)
