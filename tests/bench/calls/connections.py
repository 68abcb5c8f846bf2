"""Counts the requests that fail because they are sent on a pooled connection that is being closed.

Every connection is used, idles for a while, and is then used for a POST, which few clients repeat.
"""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from shared.client import AsyncServiceClient
from shared.client.errors import ServiceUnreachable
from shared.errors import ServiceError
from tests.bench.bench import Bench
from tests.bench.figures import Figure

# Seconds for which connections idle: about as long as uvicorn keeps them by itself, and about as
# long as the front does.
SHORT = (4.9, 5.1)
LONG = (70.0, 80.0)
_ITEM = {"item_name": "Milk", "candidate_labels": ["Dairy"]}


@dataclass(frozen=True)
class Use:
    """What became of the POSTs of one client on connections that idled between two times.

    `reopened`: the connection was found closed in time, and another was opened; None if unknown.
    """

    client: str
    idle: tuple[float, float]
    connections: int
    failed: int
    reopened: int | None
    may_fail: bool


async def measure(bench: Bench) -> Sequence[Figure]:
    """Use 300 connections with each client, with the idle times that are usual."""
    return await measure_uses(bench, bench.count(300), 75, SHORT, LONG)


async def measure_uses(
    bench: Bench,
    connections: int,
    keep_alive: int,
    short: tuple[float, float],
    long: tuple[float, float],
) -> list[Figure]:
    """Use as many connections as given with each client, which idle `short` and then `long`.

    The front closes idle connections after `keep_alive` seconds.
    """
    async with bench.system({"KEEP_ALIVE": str(keep_alive)}, workers=0) as system:
        bench.note("connections: idle for a short time")
        uses = [await _bare(system.url, connections, short, may_fail=False)]
        bench.note("connections: idle for a long time")
        # At the same time, so that each of the clients meets a busy front.
        uses += await asyncio.gather(
            _ours(system.url, connections, long),
            _bare(system.url, connections, long, may_fail=True),
        )
    return [figure for use in uses for figure in _figures(use)]


def _figures(use: Use) -> list[Figure]:
    kind = f"{use.client}, idle for {use.idle[0]:g}–{use.idle[1]:g} s"
    figures = [
        Figure(
            name=f"{kind}: POSTs that failed",
            values=[use.failed],
            unit=f"of {use.connections}",
            better="lower",
            comparable=not use.may_fail,
            goal=None if use.may_fail else 0,
        )
    ]
    if use.reopened is not None:
        figures.append(
            Figure(name=f"{kind}: connections opened anew", values=[use.reopened], better="lower")
        )
    return figures


async def _bare(url: str, connections: int, idle: tuple[float, float], *, may_fail: bool) -> Use:
    """Use httpx with connections that it never closes by itself."""
    opened = count()
    tls = ssl.create_default_context()

    async def note(event: str, _info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            next(opened)

    async def use(seconds: float) -> bool:
        limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
        async with httpx.AsyncClient(base_url=url, limits=limits, verify=tls, timeout=30) as http:
            await http.get("/health/live", extensions={"trace": note})
            await asyncio.sleep(seconds)
            body = {"tenant_id": "bench", "feature": "categorization", "payload": _ITEM}
            try:
                answer = await http.post("/api/v1/jobs", json=body, extensions={"trace": note})
            except httpx.TransportError:
                return False
        answer.raise_for_status()
        return True

    failed = await _failures(use, connections, idle)
    return Use("httpx", idle, connections, failed, next(opened) - connections, may_fail)


async def _ours(url: str, connections: int, idle: tuple[float, float]) -> Use:
    """Use the Python client, one for each connection, with its retries off."""

    async def use(seconds: float) -> bool:
        async with AsyncServiceClient(url, "bench", retries=0) as client:
            await client.live()
            await asyncio.sleep(seconds)
            try:
                await client.submit("categorization", _ITEM, idempotency_key=str(uuid4()))
            except ServiceUnreachable:
                return False
            except ServiceError:
                # A full queue, say, since no worker takes the jobs: an answer came all the same.
                return True
        return True

    failed = await _failures(use, connections, idle)
    return Use("Python client", idle, connections, failed, None, may_fail=False)


async def _failures(
    use: Callable[[float], Awaitable[bool]], connections: int, idle: tuple[float, float]
) -> int:
    """Use all connections at once, each idle for a random time; return how many POSTs failed."""
    rng = random.Random(connections)
    used = await asyncio.gather(*(use(rng.uniform(*idle)) for _ in range(connections)))
    return used.count(False)
