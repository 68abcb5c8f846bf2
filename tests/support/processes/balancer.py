"""A load balancer for TCP, which knows of a server only whether it accepts connections."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.processes.wire import Wire


class Balancer(Wire):
    """Leads each connection to the next of the servers that accepts it."""

    def __init__(self, servers: Callable[[], Collection[str]]) -> None:
        """Have `servers` return the URLs of those that there are at the moment."""
        super().__init__("127.0.0.1", 0)
        self._servers = servers
        self._turn = 0

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        servers = list(self._servers())
        self._turn += 1
        for number in range(len(servers)):
            address = urlsplit(servers[(self._turn + number) % len(servers)])
            try:
                return await asyncio.open_connection(address.hostname, address.port)
            except OSError:
                continue
        raise ConnectionRefusedError("no server accepts connections")


@asynccontextmanager
async def balanced(servers: Callable[[], Collection[str]]) -> AsyncIterator[str]:
    """Balance between servers during the block; yield the URL that leads to all of them."""
    balancer = Balancer(servers)
    try:
        yield f"http://127.0.0.1:{await balancer.open()}"
    finally:
        await balancer.cut()
