"""Counts the requests that fail because they are sent on a pooled connection that is being closed.

Every connection is used, idles for a while, and is then used for a POST, which few clients repeat.
"""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from rich.table import Table

from shared.client import AsyncServiceClient
from shared.client.errors import ServiceUnreachable
from shared.errors import ServiceError
from tests.chaos.cluster import cluster

# Seconds for which connections idle: about as long as uvicorn keeps them by itself, and about as
# long as the front does.
SHORT = (4.9, 5.1)
LONG = (70.0, 80.0)
# There is no worker, and the POSTs come at once, but no job is to be refused for either.
_NO_REFUSALS = {"ITEMS_AGE_LIMIT": "3600", "DATABASE_PATIENCE": "30"}
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


@dataclass(frozen=True)
class Connections:
    """All uses, of a front that closes idle connections after `keep_alive` seconds."""

    keep_alive: int
    uses: list[Use]

    @property
    def passed(self) -> bool:
        """Whether no POST failed where none may."""
        return all(use.failed == 0 or use.may_fail for use in self.uses)

    def figures(self) -> dict[str, object]:
        """Return everything that was counted."""
        return asdict(self)

    def table(self) -> Table:
        """Return a table with a line for each use."""
        table = Table(title=f"POSTs on idle connections (closed after {self.keep_alive} s)")
        for name in ("client", "idle for", "connections", "failed", "opened anew"):
            table.add_column(name)
        for use in self.uses:
            idle = f"{use.idle[0]:g}–{use.idle[1]:g} s"
            figures = (use.connections, use.failed, use.reopened)
            table.add_row(use.client, idle, *("?" if n is None else str(n) for n in figures))
        return table


async def measure(
    connections: int = 300,
    keep_alive: int = 75,
    short: tuple[float, float] = SHORT,
    long: tuple[float, float] = LONG,
) -> Connections:
    """Use as many connections as given with each client, which idle `short` and then `long`."""
    env = {"KEEP_ALIVE": str(keep_alive), **_NO_REFUSALS}
    async with cluster(0, 1, **env) as system:
        uses = [await _bare(system.url, connections, short, may_fail=False)]
        # At the same time, so that each of the clients meets a busy front.
        uses += await asyncio.gather(
            _ours(system.url, connections, long),
            _bare(system.url, connections, long, may_fail=True),
        )
    return Connections(keep_alive, uses)


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
