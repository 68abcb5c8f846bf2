"""Measures what a front and a worker take while nothing is asked of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import httpx

from shared.local import stack
from shared.local.processes import free_port
from tests.bench.bench import Bench
from tests.bench.figures import Figure, number
from tests.bench.running.system import cpu_seconds
from tests.bench.running.wires import Wires
from tests.support.waiting import wait_until

# Seconds: at least six heartbeats, and fifteen rounds of the reconciler.
_LONG = 30
# The greatest share of a core, in percent.
_GOALS = {"front": 0.2, "worker": 0.4}


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure a front, and a worker with the engines of both queues."""
    return await measure_idle(
        bench,
        {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts,items"},
        lambda _wires: asyncio.sleep(bench.seconds(_LONG)),
    )


async def measure_idle(
    bench: Bench, env: Mapping[str, str], pause: Callable[[Mapping[str, Wires]], Awaitable[None]]
) -> Sequence[Figure]:
    """Measure an idle front, and an idle worker with the settings of `env`, in each round.

    A round lasts as long as `pause` waits.
    """
    found: dict[str, list[list[float]]] = {part: [] for part in _GOALS}
    port = free_port()
    async with bench.system({**env, "WORKER_PORT": str(port)}, counted=True) as system:
        assert system.front is not None
        bench.note("rest: waiting until the worker is ready")
        await _ready(f"http://127.0.0.1:{port}/health/ready")
        processes = {"front": system.front, "worker": system.workers[0]}
        # What a start leaves to do is not rest.
        await asyncio.sleep(bench.seconds(5))
        for round_ in range(bench.rounds):
            bench.note(f"rest: round {round_ + 1}")
            before = {part: _taken(processes[part], system.wires[part]) for part in found}
            begin = time.monotonic()
            await pause(system.wires)
            seconds = time.monotonic() - begin
            for part, values in found.items():
                after = _taken(processes[part], system.wires[part])
                values.append(
                    [(now - then) / seconds for now, then in zip(after, before[part], strict=True)]
                )
    return [figure for part, values in found.items() for figure in _figures(part, values)]


async def _ready(url: str) -> None:
    """Wait until the worker has loaded its engines."""
    async with httpx.AsyncClient() as http:

        async def ready() -> bool:
            with suppress(httpx.HTTPError):
                return (await http.get(url, timeout=5)).is_success
            return False

        await wait_until(ready, "the worker was ready", within=120, pause=0.2)


def _figures(part: str, values: list[list[float]]) -> list[Figure]:
    cpu, statements, trips, commands = (list(each) for each in zip(*values, strict=True))
    percent = [value * 100 for value in cpu]
    return [
        Figure(
            name=f"{part}: CPU of a core",
            values=[round(value, 3) for value in percent],
            unit="%",
            better="lower",
            goal=_GOALS[part],
        ),
        number(f"{part}: Postgres statements", statements, "1/s"),
        number(f"{part}: Postgres round trips", trips, "1/s"),
        number(f"{part}: Redis commands", commands, "1/s"),
    ]


def _taken(process: stack.Popen, wires: Wires) -> tuple[float, int, int, int]:
    """Return the CPU seconds, statements, round trips to Postgres and commands until now."""
    return (
        cpu_seconds(process),
        wires.postgres.requests,
        wires.postgres.trips,
        wires.redis.requests,
    )
