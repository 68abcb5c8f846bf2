"""All metrics of a front: its own counters, and gauges read from Postgres and Redis."""

import asyncio
from collections.abc import Awaitable, Mapping
from enum import StrEnum
from typing import TypeVar

from prometheus_client import Counter, Gauge

from api.metrics.callbacks import CallbackMetrics
from api.metrics.queues import QueueMetrics
from api.metrics.requests import RequestMetrics
from shared.contracts.features import Feature, Queue
from shared.dependencies import answer_within, missing_dependencies
from shared.errors import ServiceError
from shared.store.callbacks.views import CallbackStats, callback_stats
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats, queue_stats
from shared.telemetry.metrics import FinishedJobs, new_registry
from shared.wire.broker import Broker, BrokerCounts
from shared.wire.messenger import Messenger

T = TypeVar("T")


class SubmissionOutcome(StrEnum):
    """What became of a submission; values of the label `outcome` of `ai_jobs_submitted_total`."""

    QUEUED = "queued"
    # Accepted while the broker is away; the message is sent later.
    DEFERRED = "deferred"
    # The job existed already.
    REPLAYED = "replayed"
    # Refused, because the queue is full or the front is stopping.
    REJECTED = "rejected"


class FrontMetrics:
    """Every metric of a front, on its own registry."""

    def __init__(
        self, database: Database, messenger: Messenger, broker: Broker, within: float
    ) -> None:
        """Let a scrape wait at most `within` seconds for Postgres and Redis."""
        self._database = database
        self._messenger = messenger
        self._broker = broker
        self._within = within
        self.registry = new_registry()
        self.requests = RequestMetrics(self.registry)
        self.finished = FinishedJobs(self.registry)
        self._queues = QueueMetrics(self.registry)
        self._callbacks = CallbackMetrics(self.registry)
        self._submitted = Counter(
            "ai_jobs_submitted",
            "Submissions by outcome: queued, deferred (broker away), replayed (the job "
            "existed already), rejected (queue full, or the front is stopping).",
            ("queue", "feature", "outcome"),
            registry=self.registry,
        )
        self.listeners = Gauge(
            "ai_event_listeners", "Open streams of job events.", registry=self.registry
        )
        for feature in Feature:
            for outcome in SubmissionOutcome:
                self._submitted.labels(feature.queue, feature, outcome)
        database.measure_with(self.registry)

    def submitted(self, feature: Feature, outcome: SubmissionOutcome) -> None:
        """Count one submission."""
        self._submitted.labels(feature.queue, feature, outcome).inc()

    async def refresh(self) -> None:
        """Read the gauges. Those whose source does not answer in time are absent, not wrong."""
        missing, stats, counts = await asyncio.gather(
            missing_dependencies(self._database, self._messenger, self._within),
            self._answer_or_nothing(self._stats()),
            self._answer_or_nothing(self._counts()),
        )
        queues, callbacks = stats or ({}, None)
        self._queues.show(missing, queues, counts or {})
        self._callbacks.show(callbacks)

    async def _stats(self) -> tuple[Mapping[Queue, QueueStats], CallbackStats]:
        async with self._database.transaction() as session:
            return await queue_stats(session), await callback_stats(session)

    async def _counts(self) -> Mapping[Queue, BrokerCounts]:
        return {queue: await self._broker.counts(queue) for queue in Queue}

    async def _answer_or_nothing(self, question: Awaitable[T]) -> T | None:
        """Return None if there is no answer, which `ai_dependency_up` shows."""
        try:
            return await answer_within(question, self._within)
        except ServiceError:
            return None
