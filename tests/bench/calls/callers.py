"""Callers who wait for jobs or listen to them, as light as a caller can be.

Hundreds of them run beside the front on the same machine, so they must not take its time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from tests.support.waiting import wait_until

_ENDED = b'"status":"succeeded"'
_FIRST_EVENT = b"event: job"
# So many call at once: how fast callers come is not what is measured.
_GROUP = 20


@dataclass
class Caller(asyncio.Protocol):
    """One call on a connection of its own. `ended_at` is the Unix time at which it had the end."""

    path: str
    tenant: str
    received: bytearray = field(default_factory=bytearray)
    ended_at: float | None = None
    transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self.transport = transport
        assert isinstance(transport, asyncio.Transport)
        head = f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: {self.tenant}\r\n\r\n"
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Note the time if the end of the job is among what was received."""
        self.received += data
        if self.ended_at is None and _ENDED in self.received:
            self.ended_at = time.time()


@asynccontextmanager
async def callers_of(
    url: str, tenant: str, jobs: Sequence[UUID], *, listening: bool
) -> AsyncIterator[tuple[dict[UUID, Caller], dict[UUID, Caller]]]:
    """Wait for every job during the block, each on its own connection, and listen if `listening`.

    Yields the waiters and the listeners by job once the front knows all of them.
    """
    host, port = url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    callers: list[Caller] = []

    async def call(path: str) -> Caller:
        _, caller = await loop.create_connection(lambda: Caller(path, tenant), host, int(port))
        callers.append(caller)
        return caller

    waiters: dict[UUID, Caller] = {}
    listeners: dict[UUID, Caller] = {}
    try:
        for begin in range(0, len(jobs), _GROUP):
            group = jobs[begin : begin + _GROUP]
            waiters |= {job: await call(f"/api/v1/jobs/{job}?wait=25") for job in group}
            listened = group if listening else group[-1:]
            begun = {job: await call(f"/api/v1/jobs/{job}/events") for job in listened}
            # The listeners called last, so the front has begun with the waiters when it answers.
            await wait_until(
                partial(_all_listen, begun.values()), "every listener had an event", within=60
            )
            if listening:
                listeners |= begun
            else:
                _close(begun.values())
        yield waiters, listeners
    finally:
        _close(callers)


def _all_listen(listeners: Collection[Caller]) -> bool:
    return all(_FIRST_EVENT in caller.received for caller in listeners)


def _close(callers: Collection[Caller]) -> None:
    for caller in callers:
        assert caller.transport is not None
        caller.transport.close()
