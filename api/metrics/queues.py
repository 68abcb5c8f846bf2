"""The gauges that every front shows alike, whichever of them is asked: take the `max` of them."""

from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Gauge

from shared.contracts.features import Queue
from shared.dependencies import DEPENDENCIES
from shared.store.queue_stats import QueueStats
from shared.wire.broker import BrokerCounts


class QueueMetrics:
    """Queues as Postgres has them, messages as Redis has them, and whether both are there."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self._depth = gauge("ai_queue_depth", "Jobs that wait.", "queue")
        self._oldest = gauge(
            "ai_queue_oldest_job_age_seconds",
            "How long the oldest waiting job has waited; 0 when none waits.",
            "queue",
        )
        self._jobs = gauge(
            "ai_queue_jobs",
            "Jobs that have not ended: queued, scheduled (a retry that is not due), running.",
            "queue",
            "state",
        )
        self._wait = gauge(
            "ai_queue_estimated_wait_seconds",
            "When a job submitted now would begin; absent while nothing gets done.",
            "queue",
        )
        self._workers = gauge("ai_workers_alive", "Workers that serve the queue.", "queue")
        self._slots = gauge("ai_queue_slots", "Jobs that they can run at once.", "queue")
        self._messages = gauge(
            "ai_broker_jobs",
            "Messages in Redis: waiting, or taken by a worker.",
            "queue",
            "state",
        )
        self._up = gauge("ai_dependency_up", "Whether it answers as it should.", "dependency")

    def show(
        self,
        missing: Collection[str],
        stats: Mapping[Queue, QueueStats],
        counts: Mapping[Queue, BrokerCounts],
    ) -> None:
        """Set every gauge; those of which nothing is known go away."""
        self._clear()
        for name in DEPENDENCIES:
            self._up.labels(name).set(name not in missing)
        for queue, numbers in stats.items():
            self._depth.labels(queue).set(numbers.depth)
            self._oldest.labels(queue).set(numbers.oldest_age)
            self._jobs.labels(queue, "queued").set(numbers.depth)
            self._jobs.labels(queue, "scheduled").set(numbers.scheduled)
            self._jobs.labels(queue, "running").set(numbers.running)
            self._workers.labels(queue).set(numbers.workers)
            self._slots.labels(queue).set(numbers.slots)
            if numbers.estimated_wait is not None:
                self._wait.labels(queue).set(numbers.estimated_wait)
        for queue, messages in counts.items():
            self._messages.labels(queue, "waiting").set(messages.waiting)
            self._messages.labels(queue, "taken").set(messages.taken)

    def _clear(self) -> None:
        gauges = (self._depth, self._oldest, self._jobs, self._wait, self._workers, self._slots)
        for gauge in (*gauges, self._messages):
            gauge.clear()
