"""Measures how long processes take to start."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from shared.local.checkout import ROOT
from shared.local.processes import LocalError, free_port, running
from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.running.system import System, cpu_seconds

_PROCESSES = 5
# Seconds between two looks whether a process is ready, and after which it is given up.
_PAUSE = 0.01
_WITHIN = 120

# Seconds until something was ready, and the CPU seconds that its process took until then.
Start = tuple[float, float]


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure a worker of both queues, with its engines."""
    env = {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts,items", "RECEIPT_SLOTS": "1"}
    return await measure_starts(bench, env, _PROCESSES)


async def measure_starts(bench: Bench, env: dict[str, str], processes: int) -> Sequence[Figure]:
    """Start each kind of process `processes` times, in turn."""
    fronts, workers, commands = [], [], []
    # Nothing runs beside what starts.
    async with bench.system(workers=0, front=False) as system:
        for number in range(processes):
            bench.note(f"cold: {number + 1} of {processes}")
            fronts.append(await asyncio.to_thread(_front, system))
            workers.append(await asyncio.to_thread(_worker, system, env))
            commands.append(await asyncio.to_thread(_command))
    return [
        *_figures("front until it is ready", fronts, goal=1),
        *_figures("worker until it is ready", workers, goal=3),
        *_figures("grocery-ai categorize", commands, goal=1),
    ]


def _front(system: System) -> Start:
    port = free_port()
    env = {"FEATURE_LOADER": "", "HOST": "127.0.0.1", "PORT": str(port)}
    return _started(system, "api", env, f"http://127.0.0.1:{port}/health/ready")


def _worker(system: System, env: dict[str, str]) -> Start:
    port = free_port()
    env = {**env, "WORKER_PORT": str(port)}
    return _started(system, "worker", env, f"http://127.0.0.1:{port}/health/ready")


def _started(system: System, module: str, env: dict[str, str], url: str) -> Start:
    log = system.folder / f"cold-{module}.log"
    begin = time.monotonic()
    with running(
        [sys.executable, "-m", module], env={**system.env, **env}, log=log, cwd=ROOT
    ) as process:
        while not _ready(url):
            if process.poll() is not None or time.monotonic() > begin + _WITHIN:
                raise LocalError(f"{module} did not become ready.\n{log.read_text()[-2000:]}")
            time.sleep(_PAUSE)
        return time.monotonic() - begin, cpu_seconds(process)


def _ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 (a URL of our own)
            return bool(answer.status == 200)
    except OSError:
        return False


def _command() -> Start:
    command = [str(Path(sys.executable).with_name("grocery-ai")), "categorize", "Semi-skimmed milk"]
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise LocalError(f"grocery-ai categorize ended with code {process.returncode}.")
    return time.monotonic() - begin, used.ru_utime + used.ru_stime


def _figures(name: str, starts: Sequence[Start], goal: float) -> list[Figure]:
    seconds, cpu = ([round(value, 3) for value in values] for values in zip(*starts, strict=True))
    return [
        Figure(name=name, values=seconds, unit="s", better="lower", goal=goal),
        Figure(name=f"{name}: CPU", values=cpu, unit="s", better="lower"),
    ]
