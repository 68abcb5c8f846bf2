"""Fixtures for tests of the worker's parts."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from shared.contracts.features import Queue
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.wire.broker import Broker
from shared.wire.messenger import Messenger
from worker.reconciliation.outbox import Outbox
from worker.telemetry.job_metrics import JobMetrics


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    """Broker of the test's own queues."""
    broker = Broker(settings)
    yield broker
    await broker.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    """What the outbox counts in."""
    return CollectorRegistry()


@pytest.fixture
def outbox(
    database: Database, messenger: Messenger, broker: Broker, registry: CollectorRegistry
) -> Outbox:
    """The outbox of a worker."""
    return Outbox(database, messenger, broker, JobMetrics(registry, [Queue.ITEMS]))
