"""Our own Python client at work, for which no call may fail while what it calls is replaced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.client import AsyncServiceClient
from shared.errors import ServiceError
from tests.chaos.cluster import TENANT, Cluster

_PAUSE = 0.1


class Clients:
    """Clients that submit jobs and wait for them, wait for answers, and read, until stopped.

    `calls` counts the calls that were made, each with all its repeats, and what failed of them is
    among the wrong answers of the system.
    """

    def __init__(self, system: Cluster, url: str) -> None:
        """Let the clients call `url`."""
        self._system = system
        self._client = AsyncServiceClient(url, TENANT)
        self._stopped = False
        self.calls = 0

    async def run(self, count: int) -> None:
        """Call with `count` clients until stopped, and until what was begun has been answered."""
        async with self._client:
            await asyncio.gather(*(self._work() for _ in range(count)))

    def stop(self) -> None:
        """Let every client end after what it has begun."""
        self._stopped = True

    async def _work(self) -> None:
        turns = (self._submit_and_wait, self._ask, self._cancel)
        turn = 0
        while not self._stopped:
            try:
                await turns[turn % len(turns)]()
            except ServiceError as error:
                self._system.note_wrong(f"the client: {error.code}")
            turn += 1
            await asyncio.sleep(_PAUSE)

    async def _submit_and_wait(self) -> None:
        request = self._system.request("slow 0.5")
        job = await self._client.submit(str(request["feature"]), _payload(request))
        self._system.accepted.append(job.id)
        ended = await self._client.await_job(job.id)
        self.calls += 2
        if ended.status != "succeeded":
            self._system.note_wrong(f"the client: a job {ended.status}")

    async def _ask(self) -> None:
        request = self._system.request("slow 0.1")
        await self._client.categorize(str(_payload(request)["item_name"]), self._system.labels)
        await self._client.queues()
        self.calls += 2

    async def _cancel(self) -> None:
        request = self._system.request("slow 30")
        job = await self._client.submit(str(request["feature"]), _payload(request))
        await self._client.cancel(job.id)
        ended = await self._client.await_job(job.id)
        self.calls += 3
        if ended.status != "cancelled":
            self._system.note_wrong(f"the client: a cancelled job {ended.status}")


@asynccontextmanager
async def clients_at_work(system: Cluster, url: str, count: int = 6) -> AsyncIterator[Clients]:
    """Let clients work while the block runs."""
    clients = Clients(system, url)
    running = asyncio.create_task(clients.run(count))
    try:
        yield clients
    finally:
        clients.stop()
        await running


def _payload(request: dict[str, object]) -> dict[str, object]:
    payload = request["payload"]
    assert isinstance(payload, dict)
    return payload
