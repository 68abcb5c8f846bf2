"""All metrics of a front: its own counters, and gauges read from Postgres and Redis."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TypeVar

from prometheus_client import Counter, Gauge

from api.metrics.callbacks import CallbackMetrics
from api.metrics.queues import QueueMetrics
from api.metrics.requests import RequestMetrics
from shared.contracts.features import Feature, Queue
from shared.dependencies import answer_within, ask_dependencies
from shared.errors import ServiceError
from shared.store.callbacks.views import callback_stats
from shared.store.images.keeping import Images
from shared.store.postgres.database import Database
from shared.store.queue_stats import queue_stats
from shared.telemetry.metrics import FinishedJobs, new_registry
from shared.wire.broker import Broker, BrokerCounts
from shared.wire.messenger import Messenger

T = TypeVar("T")

# Seconds. Prometheus may scrape through several servers, and people look as well.
_MAX_AGE = 1.0


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
        self,
        database: Database,
        messenger: Messenger,
        images: Images,
        broker: Broker,
        within: float,
    ) -> None:
        """Let a scrape wait at most `within` seconds for each dependency."""
        self._database = database
        self._messenger = messenger
        self._images = images
        self._broker = broker
        self._within = within
        self._reading: asyncio.Task[None] | None = None
        self._read_at = -math.inf
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
        """Read the gauges, at most once a second whoever scrapes.

        Those whose source does not answer in time are absent, not wrong.
        """
        if self._reading is None or time.monotonic() - self._read_at >= _MAX_AGE:
            self._read_at = time.monotonic()
            self._reading = asyncio.create_task(self._read(), name="metrics.reading")
        # A scraper who goes away must not take the reading from the others.
        await asyncio.shield(self._reading)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read while the block runs, and wait for the last reading."""
        yield
        if self._reading is not None:
            # The database is about to be closed.
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        dependencies, stats, callbacks, counts = await asyncio.gather(
            ask_dependencies(self._database, self._messenger, self._images, self._within),
            self._answer_or_nothing(queue_stats(self._database.fetch)),
            self._answer_or_nothing(callback_stats(self._database)),
            self._answer_or_nothing(self.broker_counts()),
        )
        self._queues.show(dependencies, stats or {}, counts or {})
        self._callbacks.show(callbacks)

    async def broker_counts(self) -> Mapping[Queue, BrokerCounts]:
        """Count the messages of every queue in Redis. Raises BrokerUnavailable."""
        return {queue: await self._broker.counts(queue) for queue in Queue}

    async def _answer_or_nothing(self, question: Awaitable[T]) -> T | None:
        """Return None if there is no answer, which `ai_dependency_up` shows."""
        try:
            return await answer_within(question, self._within)
        except ServiceError:
            return None
