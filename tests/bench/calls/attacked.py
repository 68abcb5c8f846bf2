"""Measures how soon `/health` answers while a front is attacked, each time on a new connection."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Sequence

import httpx
import psutil

from shared.access.tokens import new_token
from shared.local.checkout import ROOT
from tests.bench.bench import Bench
from tests.bench.figures import Figure, NotMeasured, milliseconds, percentile
from tests.bench.running.system import System

ATTACKS = (
    "half-open connections", "slow-loris", "a gigabyte", "a million keys",
    "nineteen thousand values", "depth", "guessed tokens", "waiting calls", "event streams",
    "submissions", "uploads of 9.8 MB", "huge images", "pipelined requests",
)  # fmt: skip
_SECONDS = 5
# Seconds between two probes, and after how many one is given up.
_PAUSE, _TIMEOUT = 0.02, 10
# Milliseconds.
_GOAL = 100


async def measure(bench: Bench, attacks: Sequence[str] = ATTACKS) -> Sequence[Figure]:
    """Attack a front without workers in one way after the other, and probe it meanwhile."""
    token, seconds = new_token(), bench.seconds(_SECONDS, least=0.5)
    env = {"AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": token.hash.hex()}
    found: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    async with bench.system(env, workers=0) as system:
        await _probe(system, asyncio.sleep(seconds))
        for _ in range(bench.rounds):
            calm, _ = await _probe(system, asyncio.sleep(seconds))
            found.setdefault("calm", []).append(percentile(calm, 95))
            for attack in attacks:
                bench.note(f"attacked: {attack}")
                attacker = asyncio.create_task(_attack(system, attack, token.text, seconds))
                times, megabytes = await _probe(system, attacker)
                found.setdefault(attack, []).append(percentile(times, 95))
                notes[attack] = (
                    f"{await attacker}; p50 {percentile(times, 50):.1f} ms, {megabytes:.0f} MB"
                )
    return [
        milliseconds(f"{name}: p95 of /health", values, goal=_GOAL).model_copy(
            update={"anchor": notes.get(name, "")}
        )
        for name, values in found.items()
    ]


async def _attack(system: System, attack: str, token: str, seconds: float) -> str:
    """Attack from a process of its own, and return the answers that it got."""
    arguments = ("-m", "tests.bench.calls.attacker", attack, system.url, token, str(seconds))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    if process.returncode:
        raise NotMeasured(f"{attack}: {errors.decode().strip().splitlines()[-1]}")
    answers = json.loads(out)
    return ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))


async def _probe(system: System, meanwhile: Awaitable[object]) -> tuple[list[float], float]:
    """Probe until something is done. Return the times in ms and the largest memory in MB."""
    assert system.front is not None
    front, times, largest = psutil.Process(system.front.pid), [], 0.0
    task = asyncio.ensure_future(meanwhile)
    fresh = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=_TIMEOUT, limits=fresh) as http:
        while not task.done():
            began = time.perf_counter()
            try:
                answer = await http.get(f"{system.url}/health")
            except httpx.TransportError as error:
                raise NotMeasured(f"/health: {type(error).__name__}") from error
            times.append((time.perf_counter() - began) * 1000)
            if answer.status_code != httpx.codes.OK:
                raise NotMeasured(f"/health: {answer.status_code}")
            largest = max(largest, front.memory_info().rss / 1e6)
            await asyncio.sleep(_PAUSE)
    return times, largest
