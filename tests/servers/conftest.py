"""A whole system behind each kind of servers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.local import stack
from tests.chaos.__main__ import QUICK
from tests.chaos.cluster import Cluster, cluster
from tests.servers.kinds import KINDS
from tests.servers.kinds.kind import Kind
from tests.support.waiting import wait_until

# So few slots that jobs wait while a server is away.
SETTINGS = {**QUICK, "ITEM_SLOTS": "8"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, id=kind.name, marks=[*map(pytest.mark.needs_program, kind.programs)])
        for kind in KINDS
    ],
)
def kind(request: pytest.FixtureRequest) -> Kind:
    """A kind of servers."""
    made: Kind = request.param()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind(kind: Kind) -> AsyncIterator[Cluster]:
    """A front and two workers with the servers of `kind`; one of them also reads receipts."""
    settings = {**SETTINGS, **kind.settings}
    async with cluster(1, 1, settings, servers=kind.start) as system:
        system.start_worker(WORKER_QUEUES="receipts,items")
        await wait_until(lambda: stack.workers_ready(system.url), "workers were ready", 90, 0.1)
        yield system
