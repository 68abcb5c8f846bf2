"""Serves an ASGI application with limits on its connections, and speaks to it byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send

from shared.serving.limits import ConnectionLimits
from shared.serving.protocol import bounded_protocol
from tests.support.waiting import wait_until


def get(path: str = "") -> bytes:
    """Return a whole request."""
    return f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def post(path: str, length: int) -> bytes:
    """Return the head of a request with a body."""
    return f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


@dataclass
class Application:
    """Answers `ok`, and knows which paths were asked for.

    `/wait` answers only after `go`, `/hold` reads its body only after `go`, `/refuse` reads none,
    `/much` answers with 20 MB, and `/headers` with the headers that it sees.
    """

    asked: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["path"]
        self.asked.append(path)
        if path in ("/wait", "/hold"):
            await self.go.wait()
        more = path != "/refuse"
        while more:
            more = (await receive()).get("more_body", False)
        body = b"x" * 20_000_000 if path == "/much" else b"ok"
        if path == "/headers":
            body = repr(scope["headers"]).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Caller:
    """A connection to a server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, content: bytes) -> None:
        """Send bytes."""
        self.writer.write(content)
        await self.writer.drain()

    async def says_forever(self) -> None:
        """Send bytes until the server closes the connection. Raises ConnectionError."""
        while True:
            await self.says(b"x" * 1_000_000)

    async def hears(self) -> bytes:
        """Return the head of the next answer, with the body `ok` where there is one."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head + (await self.reader.readexactly(2) if b"content-length: 2" in head else b"")

    async def hears_all(self) -> bytes:
        """Return everything until the server closes the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@dataclass
class BoundedServer:
    """A server, its application, and the connections to it."""

    port: int
    application: Application
    server: uvicorn.Server
    callers: list[Caller] = field(default_factory=list)

    @property
    def connections(self) -> int:
        """How many connections the server has."""
        return len(self.server.server_state.connections)

    async def called(self, content: bytes = b"") -> Caller:
        """Return a new connection on which something was sent."""
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port))
        self.callers.append(caller)
        await caller.says(content)
        return caller


@asynccontextmanager
async def bounded_server(limits: ConnectionLimits) -> AsyncIterator[BoundedServer]:
    """Run a server with these limits."""
    application = Application()
    config = uvicorn.Config(
        application,
        port=0,
        http=bounded_protocol(limits),
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started or serving.done(), "the server listened")
    running = BoundedServer(server.servers[0].sockets[0].getsockname()[1], application, server)
    try:
        async with asyncio.timeout(30):
            yield running
    finally:
        application.go.set()
        for caller in running.callers:
            caller.writer.close()
        server.should_exit = True
        await serving
