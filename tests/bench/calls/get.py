"""Measures a GET of a finished job against a bare route that returns the same bytes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from shared.local.checkout import ROOT
from shared.local.processes import block_until, free_port, running
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, rate
from tests.bench.loader.asking import load
from tests.bench.running.system import TENANT, System, answers, cpu_seconds

# Calls at the same time: enough to keep a front busy.
_CONCURRENCY = 8
_ANCHOR = "a FastAPI route that returns the same dict"


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure the CPU time and the pace of calls, of the front and of the bare route in turn."""
    ours, bares = [], []
    count = bench.count(2000, least=20)
    async with bench.system() as system:
        path, body = await _finished_job(system)
        stored = system.folder / "job.json"
        stored.write_bytes(body)
        async with _bare(system, stored) as bare:
            for each in (system, bare):
                await _calls(each, path, bench.count(300))
            for number in range(bench.rounds):
                bench.note(f"get: round {number + 1}")
                ours.append(await _calls(system, path, count))
                bares.append(await _calls(bare, path, count))
    return [
        Figure.ratio(
            "calls per second ÷ bare route",
            [calls.per_second for calls in ours],
            [calls.per_second for calls in bares],
            anchor=f"{_ANCHOR}, calls/s",
            goal=0.4,
        ),
        Figure.ratio(
            "calls per second of CPU ÷ bare route",
            [1000 / calls.cpu_ms for calls in ours],
            [1000 / calls.cpu_ms for calls in bares],
            anchor=f"{_ANCHOR}, calls/s of CPU",
            goal=0.4,
        ),
        rate("calls per second", [calls.per_second for calls in ours], "1/s"),
        milliseconds("CPU of the front for a call", [calls.cpu_ms for calls in ours]),
    ]


@dataclass(frozen=True)
class _Calls:
    """How fast calls were answered, and what CPU time the process took for each, in ms."""

    per_second: float
    cpu_ms: float


async def _calls(system: System, path: str, count: int) -> _Calls:
    assert system.front is not None
    before = cpu_seconds(system.front)
    found = await load(system, "repeat", path=path, count=count, concurrency=_CONCURRENCY)
    cpu = cpu_seconds(system.front) - before
    return _Calls(count / found["seconds"], max(cpu, 0.01) * 1000 / count)


async def _finished_job(system: System) -> tuple[str, bytes]:
    """Return the path of a finished job, and the body of an answer for it."""
    await load(system, "jobs", count=1, form="poll")
    async with system.database() as database:
        job = await database.fetchval(
            "SELECT id FROM jobs WHERE state = 'succeeded' AND tenant_id = $1", TENANT
        )
    path = f"/api/v1/jobs/{job}"
    async with httpx.AsyncClient(base_url=system.url) as http:
        answer = await http.get(path, headers={"X-Tenant-ID": TENANT})
    return path, answer.raise_for_status().content


@asynccontextmanager
async def _bare(system: System, stored: Path) -> AsyncIterator[System]:
    """Serve the bare route with the same options as a front; yield it in place of the front."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.calls.bare", str(stored), str(port)]
    log = system.folder / "bare.log"
    with running(command, log=log, cwd=ROOT) as process:
        url = f"http://127.0.0.1:{port}"
        await asyncio.to_thread(
            block_until,
            lambda: answers(f"{url}/api/v1/jobs/x"),
            "The bare route",
            process=process,
            log=log,
        )
        yield replace(system, url=url, front=process)
