"""Callers that submit jobs without a pause while things break, as clients of ours do.

Each call has a key, and is sent again with it, to the next front, until it is accepted. The callers
run in a thread of their own, so that nothing that a scenario does delays what they measure.
"""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx

from tests.chaos.cluster import Cluster

# Seconds: the longest pause before a call is sent again, and after how many it is given up.
_LONGEST_PAUSE, _GIVE_UP = 1.0, 60.0
# Seconds: our client's own limit for an answer.
_TIMEOUT = 15.0
# What a front may answer that cannot accept a job.
_REFUSED = 503


class Callers:
    """The callers, until `stop` is called. `work` says what each job does."""

    def __init__(self, system: Cluster, work: str, count: int, pause: float) -> None:
        """There are `count` callers, and each pauses for `pause` seconds on average."""
        self._system = system
        self._work = work
        self._count = count
        self._pause = pause
        self._enough = threading.Event()

    def stop(self) -> None:
        """Let every caller end once its last call was accepted."""
        self._enough.set()

    async def run(self) -> None:
        """Submit jobs until stopped. Raises RuntimeError if a call was never accepted."""
        async with httpx.AsyncClient(timeout=_TIMEOUT) as http:
            await asyncio.gather(*(self._call(http, seed) for seed in range(self._count)))

    async def _call(self, http: httpx.AsyncClient, seed: int) -> None:
        rng = random.Random(seed)
        while not self._enough.is_set():
            await self._submit(http, rng)
            await asyncio.sleep(rng.uniform(0, 2 * self._pause))

    async def _submit(self, http: httpx.AsyncClient, rng: random.Random) -> None:
        body, key = self._system.request(self._work), uuid4().hex
        deadline = time.monotonic() + _GIVE_UP
        while time.monotonic() < deadline:
            url = rng.choice(list(self._system.fronts))
            pause = await self._send(http, url, body, key)
            if pause is None:
                return
            await asyncio.sleep(pause)
        raise RuntimeError(f"a call was not accepted within {_GIVE_UP} s")

    async def _send(
        self, http: httpx.AsyncClient, url: str, body: dict[str, object], key: str
    ) -> float | None:
        """Send a call once; return the pause before it is sent again, None if it was accepted."""
        began = time.monotonic()
        try:
            answer = await http.post(
                f"{url}/api/v1/jobs", json=body, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError as error:
            if isinstance(error, httpx.TimeoutException):
                self._system.note_wrong("nothing")
            return 0.2
        finally:
            self._system.answers.append(time.monotonic() - began)
        if self._system.note_answer(answer, key):
            return None
        if answer.status_code != _REFUSED:
            self._system.note_wrong(f"{answer.status_code} {answer.json().get('error')}")
        return min(_LONGEST_PAUSE, float(answer.headers.get("Retry-After", "0.2")))


@asynccontextmanager
async def calling(
    system: Cluster, work: str = "slow 0.2", *, count: int = 6, pause: float = 0.4
) -> AsyncIterator[Callers]:
    """Let callers submit jobs while the block runs, and until their last calls are accepted."""
    callers = Callers(system, work, count, pause)
    running = asyncio.create_task(asyncio.to_thread(asyncio.run, callers.run()))
    try:
        yield callers
    finally:
        callers.stop()
        await running
