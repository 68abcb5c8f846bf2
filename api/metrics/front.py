"""What a front tells Prometheus: what it counts itself, and what Postgres and Redis hold."""

import asyncio
from collections.abc import Awaitable, Mapping
from enum import StrEnum
from typing import TypeVar

from prometheus_client import Counter

from api.metrics.queues import QueueMetrics
from api.metrics.requests import RequestMetrics
from shared.contracts.features import Feature, Queue
from shared.dependencies import answer, missing_dependencies
from shared.errors import ServiceError
from shared.store.database import Database
from shared.store.queue_stats import QueueStats, queue_stats
from shared.telemetry.metrics import FinishedJobs, new_registry
from shared.wire.broker import Broker, BrokerCounts
from shared.wire.messenger import Messenger

T = TypeVar("T")


class SubmissionOutcome(StrEnum):
    """What became of a submission: the label `outcome` of `ai_jobs_submitted_total`."""

    QUEUED = "queued"
    # Accepted; the broker is away, so that the message is sent later.
    DEFERRED = "deferred"
    # The job was there before.
    REPLAYED = "replayed"
    # Refused: too much waits, or the front is stopping.
    REJECTED = "rejected"


class FrontMetrics:
    """Every metric of a front, on a registry of its own."""

    def __init__(
        self, database: Database, messenger: Messenger, broker: Broker, within: float
    ) -> None:
        """`within`: after how many seconds a scrape stops waiting for Postgres or Redis."""
        self._database = database
        self._messenger = messenger
        self._broker = broker
        self._within = within
        self.registry = new_registry()
        self.requests = RequestMetrics(self.registry)
        self.finished = FinishedJobs(self.registry)
        self._queues = QueueMetrics(self.registry)
        self._submitted = Counter(
            "ai_jobs_submitted",
            "Submissions by outcome: queued, deferred (broker away), replayed (job was there), "
            "rejected (too much waits, or the front is stopping).",
            ("queue", "feature", "outcome"),
            registry=self.registry,
        )
        for feature in Feature:
            for outcome in SubmissionOutcome:
                self._submitted.labels(feature.queue, feature, outcome)
        database.measure_with(self.registry)

    def submitted(self, feature: Feature, outcome: SubmissionOutcome) -> None:
        """Count one submission."""
        self._submitted.labels(feature.queue, feature, outcome).inc()

    async def refresh(self) -> None:
        """Read the gauges anew; of a source that does not answer in time they are absent rather
        than wrong."""
        missing, stats, counts = await asyncio.gather(
            missing_dependencies(self._database, self._messenger, self._within),
            self._known(self._stats()),
            self._known(self._counts()),
        )
        self._queues.show(missing, stats, counts)

    async def _stats(self) -> Mapping[Queue, QueueStats]:
        async with self._database.transaction() as session:
            return await queue_stats(session)

    async def _counts(self) -> Mapping[Queue, BrokerCounts]:
        return {queue: await self._broker.counts(queue) for queue in Queue}

    async def _known(self, question: Awaitable[Mapping[Queue, T]]) -> Mapping[Queue, T]:
        """Nothing, when there is no answer; `ai_dependency_up` says so."""
        try:
            return await answer(question, self._within)
        except ServiceError:
            return {}
