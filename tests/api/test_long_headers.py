"""Headers without end: a front must not keep them in its memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from shared.serving.headers import LONGEST_HEADERS
from shared.settings import Settings
from tests.support.fronts import front_server

_LINE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
_LONG = LONGEST_HEADERS + 1


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a front."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def answers(url: str, requests: bytes) -> bytes:
    """Send requests on one connection; return all that the front says until it closes that."""
    async with connected(url) as (reader, writer):
        writer.write(requests)
        return await reader.read()


async def sent_until_closed(url: str, request: bytes, more: bytes, most: int) -> int:
    """Send a request, then `more` until the front closes; return how many bytes it took of that.

    Gives up after `most` bytes.
    """
    sent = 0
    async with connected(url) as (reader, writer):
        writer.write(request)
        with suppress(ConnectionError):
            while sent < most and not reader.at_eof():
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0)
                sent += len(more)
    return sent


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (_LINE + b"X-A: ", b"a" * 100_000),
        (_LINE, b"X-A: a\r\n" * 10_000),
        (b"GET /", b"a" * 100_000),
        (_LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", b"a" * 100_000),
    ],
    ids=["one header", "many headers", "target", "trailer"],
)
async def test_headers_without_end_close_the_connection(
    settings: Settings, request_: bytes, more: bytes
) -> None:
    """Beyond its limit, the front takes at most what fills the buffers of the network."""
    most = 30_000_000
    async with front_server(settings) as url, asyncio.timeout(20):
        assert await sent_until_closed(url, request_, more, most) < most


async def test_headers_that_are_too_long_are_refused(settings: Settings) -> None:
    """What is sent in one piece is refused as well, and nothing else on other connections."""
    long = _LINE + b"X-A: " + b"a" * _LONG + b"\r\n\r\n"
    good = _LINE + b"X-A: " + b"a" * (LONGEST_HEADERS - 100) + b"\r\nConnection: close\r\n\r\n"
    async with front_server(settings) as url, asyncio.timeout(20):
        refused = await answers(url, long)
        served = await answers(url, good)

    assert refused.startswith(b"HTTP/1.1 400 ")
    assert served.startswith(b"HTTP/1.1 200 ")


async def test_each_request_of_a_connection_has_the_whole_length(settings: Settings) -> None:
    """Neither the bodies nor the earlier requests of a connection count."""
    first = (
        _LINE + b"X-A: " + b"a" * 40_000 + b"\r\nContent-Length: 300000\r\n\r\n" + b"b" * 300_000
    )
    last = _LINE + b"X-A: " + b"a" * 40_000 + b"\r\nConnection: close\r\n\r\n"
    async with front_server(settings) as url, asyncio.timeout(20):
        said = await answers(url, first + last)

    assert said.count(b"HTTP/1.1 200 ") == 2
