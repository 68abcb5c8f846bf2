"""A TCP proxy to a server that can stop forwarding, as a network or a server does that hangs.

It can also be slow, sever every connection, and lead to another server.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """The proxy. It forwards while `flowing` is set, and refuses connections once it is cut.

    `delay` is for how many seconds it keeps what it forwards, in either direction.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.delay = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen on a free port of 127.0.0.1, and return it."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def lead_to(self, host: str, port: int) -> None:
        """Lead the connections that are made from now on to another server."""
        self._to = (host, port)

    async def sever(self) -> None:
        """End every connection, and go on listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def cut(self) -> None:
        """End every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        await self.sever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            # Nobody listens there, which the near side sees as a connection that ends at once.
            writer.close()
            return
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the server. Raises OSError."""
        return await asyncio.open_connection(*self._to)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while data := await source.read(65536):
                    await asyncio.sleep(self.delay)
                    await self.flowing.wait()
                    sink.write(data)
        finally:
            sink.close()


@asynccontextmanager
async def wired(url: str, port: int) -> AsyncIterator[tuple[Wire, str]]:
    """Put a wire before the server of `url`, whose port is `port` unless the URL has one.

    Yields the wire and the URL through it.
    """
    parts = urlsplit(url)
    wire = Wire(parts.hostname or "", parts.port or port)
    at, sign, _ = parts.netloc.rpartition("@")
    netloc = f"{at}{sign}127.0.0.1:{await wire.open()}"
    try:
        yield wire, urlunsplit(parts._replace(netloc=netloc))
    finally:
        await wire.cut()
