"""What every measurement gets: how often and how much to measure, and systems to measure."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.local import stack
from tests.bench.running.servers import copied_database
from tests.bench.running.system import System, environment
from tests.bench.running.wires import counted_wires


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Makes systems for one measurement after the other.

    `rounds` is how often each is made. `size` is the fraction of the usual number of jobs and of
    seconds. `note` shows people what is being done. `template` names a migrated database.
    `profiles` is a folder for profiles of all fronts and workers; None makes none. `receipts` is a
    folder with images of receipts; None has some drawn. `minutes` is how long a soak lasts.
    """

    servers: stack.Servers
    folder: Path
    template: str
    rounds: int = 3
    size: float = 1.0
    note: Callable[[str], None] = lambda _text: None
    profiles: Path | None = None
    receipts: Path | None = None
    minutes: float = 5

    def count(self, usual: int, least: int = 2) -> int:
        """Return how many to take where `usual` are taken at full size."""
        return max(least, round(usual * self.size))

    def seconds(self, usual: float, least: float = 0.2) -> float:
        """Return for how long to measure where it takes `usual` seconds at full size."""
        return max(least, usual * self.size)

    @asynccontextmanager
    async def system(
        self,
        env: Mapping[str, str] | None = None,
        *,
        workers: int = 1,
        front: bool = True,
        counted: bool = False,
    ) -> AsyncIterator[System]:
        """Run a front and workers on a new database during the block."""
        async with AsyncExitStack() as everything:
            enter, redis_url = everything.enter_async_context, self.servers.redis_url
            url = await enter(copied_database(self.servers, self.template))
            parts = ("front", "worker") if counted else ()
            wires = {part: await enter(counted_wires(url, redis_url)) for part in parts}
            settings = environment(url, redis_url, env or {})
            running = System(settings, self.folder, wires, self.profiles)
            try:
                if front:
                    await asyncio.to_thread(running.start_front)
                for _ in range(workers):
                    running.start_worker()
                yield running
            finally:
                # The wires serve the processes in this event loop until they have ended.
                await asyncio.to_thread(running.processes.close)
