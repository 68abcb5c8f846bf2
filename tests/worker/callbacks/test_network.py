"""A name server that does not answer holds up nothing but the hosts whose names it has."""

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from threading import Event
from typing import Any

import pytest

from worker.callbacks.network import SystemResolver

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]
# More than a worker attempts at once.
ATTEMPTS = 80


@pytest.fixture
def look_ups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the look-ups by host. Those of names that begin with `stuck` block during the test."""
    counted: Counter[str] = Counter()
    over = Event()

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        counted[host] += 1
        if host.startswith("stuck"):
            over.wait()
        return FOUND

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield counted
    over.set()


async def test_look_ups_that_hang_delay_no_other_host(look_ups: Counter[str]) -> None:
    """The threads that hang outlive the attempts that needed them."""
    resolver = SystemResolver()
    for number in range(ATTEMPTS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await resolver.resolve(f"stuck-{number}", 443)

    async with asyncio.timeout(5):
        assert await resolver.resolve("healthy", 443) == [ip_address("192.0.2.1")]


async def test_attempts_at_a_host_share_its_look_up(look_ups: Counter[str]) -> None:
    """A look-up that still runs is joined, on whatever port, and one that ended is made anew."""
    resolver = SystemResolver()
    for port in range(1, ATTEMPTS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await resolver.resolve("stuck", port)
    for _ in range(2):
        await resolver.resolve("healthy", 443)

    assert look_ups == {"stuck": 1, "healthy": 2}


_HANGING = """
import asyncio, socket, threading
from worker.callbacks.network import SystemResolver

async def main():
    resolver = SystemResolver()
    socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
    try:
        async with asyncio.timeout(0.1):
            await resolver.resolve("stuck", 443)
    except TimeoutError:
        print("left")

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_look_up_that_hangs_does_not_keep_the_process() -> None:
    """A worker has to be gone when its grace is over."""
    ended = subprocess.run(
        [sys.executable, "-c", _HANGING], capture_output=True, text=True, timeout=20, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "left\n", "")
