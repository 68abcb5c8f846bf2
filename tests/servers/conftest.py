"""A whole system behind each kind of servers."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.contracts.features import Queue
from tests.chaos.__main__ import QUICK
from tests.chaos.cluster import Cluster, cluster
from tests.servers.kinds import KINDS
from tests.servers.kinds.kind import Kind
from tests.support.waiting import wait_until

# So few slots that jobs wait while a server is away, and the engine that loads in no time.
SETTINGS = {**QUICK, "ITEM_SLOTS": "8", "OCR_ENGINE": "tesseract"}


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
        await wait_until(lambda: _serves_receipts(system.url), "both workers were ready", 120, 0.2)
        yield system


async def _serves_receipts(url: str) -> bool:
    """Return whether all components are loaded, and not only because nobody serves receipts yet."""
    async with httpx.AsyncClient(base_url=url) as http:
        answer = await http.get("/health_check")
    workers = answer.json()["services"]["ai_service"]["workers"]
    return answer.is_success and Queue.RECEIPTS in workers["queues"]
