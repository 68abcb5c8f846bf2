"""Counts what a process sends to Postgres and to Redis, between it and the servers.

Counting on the wire is the same for every driver. A round trip is a client that sends after the
server has had the word: what is pipelined together is one round trip, and what a server pushes to
a subscriber is none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 1 << 16
# Postgres's messages that run a statement: a simple query, and an execution.
_RUNS = (ord("Q"), ord("E"))


@dataclass
class Counts:
    """Round trips, and requests (statements or commands), of all connections to one server."""

    trips: int = 0
    requests: int = 0


@dataclass
class Wires:
    """What one process, or several that share them, sent; `env` names the counting ports."""

    env: dict[str, str]
    postgres: Counts = field(default_factory=Counts)
    redis: Counts = field(default_factory=Counts)


class Statements:
    """Counts the statements in what one client sends to Postgres."""

    def __init__(self) -> None:
        self._rest = b""
        self._started = False

    def feed(self, data: bytes) -> int:
        """Return how many statements end in `data`."""
        self._rest += data
        found = 0
        while True:
            # The messages before and with the start-up packet have no type.
            head = 1 if self._started else 0
            if len(self._rest) < head + 4:
                return found
            length = head + int.from_bytes(self._rest[head : head + 4])
            if len(self._rest) < length:
                return found
            if self._started:
                found += self._rest[0] in _RUNS
            else:
                # A request for TLS has 8 bytes and no version; the next packet starts.
                self._started = length != 8
            self._rest = self._rest[length:]


class Commands:
    """Counts the commands in what one client sends to Redis."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> int:
        """Return how many commands end in `data`. Each is an array of strings."""
        self._rest += data
        found = 0
        while (end := _end_of_command(self._rest)) is not None:
            self._rest = self._rest[end:]
            found += 1
        return found


def _end_of_command(data: bytes) -> int | None:
    """Return where the first command ends, or None if it has not come wholly."""
    line = data.find(b"\r\n")
    if line < 0:
        return None
    place = line + 2
    for _ in range(int(data[1:line])):
        line = data.find(b"\r\n", place)
        if line < 0:
            return None
        place = line + 2 + int(data[place + 1 : line]) + 2
    return place if place <= len(data) else None


@asynccontextmanager
async def counted_wires(database_url: str, redis_url: str) -> AsyncIterator[Wires]:
    """Pass on, and count, what comes to two ports of this process during the block."""
    wires = Wires({})
    async with AsyncExitStack() as everything:
        for name, url, counts, count in (
            ("DATABASE_URL", database_url, wires.postgres, Statements),
            ("REDIS_URL", redis_url, wires.redis, Commands),
        ):
            wires.env[name] = await everything.enter_async_context(_passed_on(url, counts, count))
        yield wires


@asynccontextmanager
async def _passed_on(
    url: str, counts: Counts, counter: Callable[[], Statements | Commands]
) -> AsyncIterator[str]:
    """Serve a port that passes everything on to the server at `url`; yield the URL of the port."""
    port = urlsplit(url).port
    assert port is not None

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        wire = _Wire(counts, counter())
        back = asyncio.create_task(_copy(theirs, writer, wire.heard))
        try:
            await _copy(reader, ours, wire.said)
        finally:
            ours.close()
            await back
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield url.replace(f":{port}/", f":{server.sockets[0].getsockname()[1]}/")
    finally:
        server.close()


@dataclass
class _Wire:
    counts: Counts
    counter: Statements | Commands
    server_had_the_word: bool = True

    def said(self, data: bytes) -> None:
        self.counts.trips += self.server_had_the_word
        self.server_had_the_word = False
        self.counts.requests += self.counter.feed(data)

    def heard(self, _data: bytes) -> None:
        self.server_had_the_word = True


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    # The other side may be gone in the middle of anything.
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            note(data)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
