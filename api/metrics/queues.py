"""Gauges with the same value in every front: queries take their `max` across fronts."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from shared.contracts.features import Queue
from shared.store.queue_stats import QueueStats
from shared.wire.broker import BrokerCounts


class QueueMetrics:
    """Gauges of the queues in Postgres, the messages in Redis, and whether both answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        self._depth = gauge("ai_queue_depth", "Jobs that are due and wait for a worker.", "queue")
        self._oldest = gauge(
            "ai_queue_oldest_job_age_seconds",
            "How long the oldest waiting job has waited; 0 when none waits.",
            "queue",
        )
        self._jobs = gauge(
            "ai_queue_jobs",
            "Unfinished jobs: queued, scheduled (a retry that is not due yet), running.",
            "queue",
            "state",
        )
        self._wait = gauge(
            "ai_queue_estimated_wait_seconds",
            "How long a job submitted now would wait; absent while nothing is being finished.",
            "queue",
        )
        self._workers = gauge("ai_workers_alive", "Workers that serve the queue.", "queue")
        self._slots = gauge(
            "ai_queue_slots",
            "Jobs that the workers of the queue can run at the same time.",
            "queue",
        )
        self._paused = gauge("ai_queue_paused", "1 if an operator has paused the queue.", "queue")
        self._messages = gauge(
            "ai_broker_jobs",
            "Messages in Redis: waiting, or taken by a worker.",
            "queue",
            "state",
        )
        self._up = gauge(
            "ai_dependency_up", "1 if the dependency answers as it should, else 0.", "dependency"
        )

    def show(
        self,
        dependencies: Mapping[str, str | None],
        stats: Mapping[Queue, QueueStats],
        counts: Mapping[Queue, BrokerCounts],
    ) -> None:
        """Set every gauge, and remove those for which there is no number.

        `dependencies` says by name why each is missing; None if it is there.
        """
        self._clear()
        for name, why in dependencies.items():
            self._up.labels(name).set(why is None)
        for queue, numbers in stats.items():
            self._depth.labels(queue).set(numbers.depth)
            self._oldest.labels(queue).set(numbers.oldest_age)
            self._jobs.labels(queue, "queued").set(numbers.depth)
            self._jobs.labels(queue, "scheduled").set(numbers.scheduled)
            self._jobs.labels(queue, "running").set(numbers.running)
            self._workers.labels(queue).set(numbers.workers)
            self._slots.labels(queue).set(numbers.slots)
            self._paused.labels(queue).set(numbers.paused is not None)
            if numbers.estimated_wait is not None:
                self._wait.labels(queue).set(numbers.estimated_wait)
        for queue, messages in counts.items():
            self._messages.labels(queue, "waiting").set(messages.waiting)
            self._messages.labels(queue, "taken").set(messages.taken)

    def _clear(self) -> None:
        gauges = (self._depth, self._oldest, self._jobs, self._wait, self._workers, self._slots)
        for gauge in (*gauges, self._paused, self._messages):
            gauge.clear()
