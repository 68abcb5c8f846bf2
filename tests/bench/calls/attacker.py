"""Attacks a front for some seconds, from a process of its own, and prints what it answered.

The arguments are the name of an attack, the URL of the front, a token and the seconds.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx

from tests.support.files import costly

_JOB = {
    "tenant_id": "bench",
    "feature": "categorization",
    "payload": {"item_name": "Milk", "candidate_labels": ["Dairy"]},
}
_JSON = {"Content-Type": "application/json"}
_UNKNOWN = "/api/v1/jobs/00000000-0000-0000-0000-000000000001"


class Attacker:
    """Sends to a front until its time is over, and counts the answers."""

    def __init__(self, http: httpx.AsyncClient, until: float) -> None:
        self.http = http
        self.until = until
        self.answers: Counter[str] = Counter()

    async def repeat(self, at_once: int, call: Callable[[], Awaitable[str]]) -> None:
        """Have so many callers call again and again."""
        await asyncio.gather(*(self._repeat(call) for _ in range(at_once)))

    async def _repeat(self, call: Callable[[], Awaitable[str]]) -> None:
        while (left := self.until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    self.answers[await call()] += 1
            except TimeoutError:
                self.answers["open at the end"] += 1
            except (httpx.TransportError, OSError):
                self.answers["closed"] += 1

    async def send(self, method: str, path: str, **sent: object) -> str:
        """Send a request, and return the status."""
        answer = await self.http.request(method, path, **sent)  # type: ignore[arg-type]
        return str(answer.status_code)

    async def raw(self, first: bytes, more: bytes = b"", pause: float = 0.2) -> str:
        """Send bytes on a connection of its own, then more until it is closed."""
        url = self.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        try:
            writer.write(first)
            answered = asyncio.create_task(reader.read())
            while not answered.done():
                await asyncio.wait([answered], timeout=pause)
                writer.write(more)
                await writer.drain()
            return (await answered)[9:12].decode() or "closed"
        finally:
            writer.close()

    async def listen(self, path: str) -> str:
        """Listen to a stream until it ends."""
        async with self.http.stream("GET", path) as answer:
            async for _ in answer.aiter_raw():
                pass
        return str(answer.status_code)


async def _job(attacker: Attacker) -> str:
    answer = await attacker.http.post("/api/v1/jobs", json=_JOB)
    return f"/api/v1/jobs/{answer.json()['id']}"


async def attack(name: str, attacker: Attacker) -> None:
    """Make one of the attacks. Raises KeyError for another name."""
    head = "\r\n".join(f"{key}: {value}" for key, value in attacker.http.headers.items())
    post = f"POST /api/v1/receipts/extract HTTP/1.1\r\nHost: a\r\n{head}\r\n"
    keys = "{" + ",".join(f'"k{number}":0' for number in range(900_000)) + "}"
    values = json.dumps({**_JOB, "metadata": {"x": [0] * 19_000}})
    deep = ("[" * 200_000).encode()
    send, job = attacker.send, await _job(attacker)
    guess = {"Authorization": f"Bearer gpai_{os.urandom(6).hex()}_{os.urandom(32).hex()}"}
    wide = costly.png_of_declared_size(65_000, 65_000)
    image = costly.png_of_declared_size(100, 100) + os.urandom(9_800_000)
    half = b"GET /health HTTP/1.1\r\nHost:"
    attacks: dict[str, tuple[int, Callable[[], Awaitable[str]]]] = {
        "half-open connections": (300, lambda: attacker.raw(half)),
        "slow-loris": (300, lambda: attacker.raw(half, b"x")),
        "a gigabyte": (
            4,
            lambda: attacker.raw(
                f"{post}Content-Type: application/json\r\nContent-Length: {10**9}\r\n\r\n".encode(),
                b" " * 1_000_000,
                0.001,
            ),
        ),
        "a million keys": (
            4,
            lambda: send("POST", "/api/v1/receipts/extract", content=keys, headers=_JSON),
        ),
        "nineteen thousand values": (
            8,
            lambda: send("POST", "/api/v1/jobs", content=values, headers=_JSON),
        ),
        "depth": (8, lambda: send("POST", "/api/v1/embed", content=deep, headers=_JSON)),
        "guessed tokens": (50, lambda: send("GET", _UNKNOWN, headers=guess)),
        "waiting calls": (200, lambda: send("GET", f"{job}?wait=25&tenant_id=bench")),
        "event streams": (300, lambda: attacker.listen(f"{job}/events?tenant_id=bench")),
        "submissions": (200, lambda: send("POST", "/api/v1/jobs", json=_JOB)),
        "uploads of 9.8 MB": (
            24,
            lambda: send(
                "POST", "/api/v1/receipts/extract", data={"tenant_id": "b"}, files={"file": image}
            ),
        ),
        "huge images": (
            8,
            lambda: send(
                "POST", "/api/v1/receipts/extract", data={"tenant_id": "b"}, files={"file": wide}
            ),
        ),
        "pipelined requests": (
            8,
            lambda: attacker.raw(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 500),
        ),
    }
    at_once, call = attacks[name]
    await attacker.repeat(at_once, call)


async def main(name: str, url: str, token: str, seconds: float) -> None:
    """Attack, and print how many answers there were of each status, as JSON."""
    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, limits=unlimited, timeout=60
    ) as http:
        attacker = Attacker(http, time.monotonic() + seconds)
        await attack(name, attacker)
    sys.stdout.write(json.dumps(attacker.answers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
