"""A front must not hang when Postgres hangs, which is when it neither answers nor refuses."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.support.fronts import front_http
from tests.support.runners import ITEM


class Wire:
    """A TCP proxy to Postgres that can stop forwarding without closing connections."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one caller to Postgres."""
        far_reader, far_writer = await asyncio.open_connection(*self._to)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self.flowing.wait()
                sink.write(data)
        sink.close()

    async def close(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def wire(settings: Settings) -> AsyncIterator[tuple[Wire, Settings]]:
    """The proxy, and settings with which a front connects through it."""
    url = urlsplit(settings.database_url.get_secret_value())
    wire = Wire(url.hostname or "", url.port or 5432)
    async with await asyncio.start_server(wire.accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        netloc = url.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}"
        through = SecretStr(urlunsplit(url._replace(netloc=netloc)))
        yield wire, settings.model_copy(update={"database_url": through, "database_patience": 1.5})
        await wire.close()


async def test_a_database_that_hangs_is_unavailable(wire: tuple[Wire, Settings]) -> None:
    """The front answers 503 in time, and accepts work again once Postgres answers."""
    line, settings = wire
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    async with front_http(settings) as http:
        before = await http.post("/api/v1/jobs", json=body)
        line.flowing.clear()
        began = time.monotonic()
        hung: httpx.Response = await http.post("/api/v1/jobs", json=body)
        took = time.monotonic() - began
        line.flowing.set()
        after = await http.post("/api/v1/jobs", json=body)

    assert before.status_code == 202
    assert (hung.status_code, hung.json()["error"]) == (503, "database_unavailable")
    # This tests that the wait is limited at all, not how fast the front is.
    assert took < 10
    assert after.status_code == 202


async def test_callers_do_not_wait_for_the_failures_of_others(wire: tuple[Wire, Settings]) -> None:
    """Twelve callers ask for the queues, and all of them share one vain reading."""
    line, settings = wire
    async with front_http(settings) as http:
        line.flowing.clear()
        began = time.monotonic()
        answers = await asyncio.gather(*(http.get("/api/v1/queues") for _ in range(12)))
        took = time.monotonic() - began
        line.flowing.set()
        after = await http.get("/api/v1/queues")

    assert {answer.json()["error"] for answer in answers} == {"database_unavailable"}
    # One after the other, they would take 18 s.
    assert took < 12
    assert after.status_code == 200
