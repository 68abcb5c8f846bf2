"""What the measurements need, on the servers of the tests and as small as can be."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.local import stack
from tests.bench.bench import Bench
from tests.bench.running.servers import template_database
from tests.bench.running.system import System, environment


@dataclass(frozen=True, kw_only=True)
class SharingBench(Bench):
    """Gives the same system to all that need no other, since its processes are slow to start."""

    shared: System

    @asynccontextmanager
    async def system(
        self,
        env: Mapping[str, str] | None = None,
        *,
        workers: int = 1,
        front: bool = True,
        counted: bool = False,
    ) -> AsyncIterator[System]:
        """Yield the shared system, or run one that is counted, without a front, or different."""
        if front and not (counted or env):
            yield self.shared
            return
        async with super().system(env, workers=workers, front=front, counted=counted) as other:
            yield other


@pytest.fixture(scope="module")
def bench(servers: stack.Servers, folder: Path, migrated: str) -> Iterator[Bench]:
    """One round with a hundredth of the usual jobs and seconds."""
    env = environment(migrated, servers.redis_url, {"WORKER_QUEUES": "receipts,items"})
    shared = System(env, folder)
    with template_database(servers) as template, shared.processes:
        shared.start_front()
        shared.start_worker()
        yield SharingBench(
            servers=servers, folder=folder, template=template, rounds=1, size=0.01, shared=shared
        )
