"""What a front tells Prometheus. Base units; no label ever holds an id."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.contracts.features import Feature
from shared.database import Database
from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.queue_stats import queue_stats
from shared.version import service_version


class FrontMetrics:
    """Every metric of a front, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._submitted = Counter(
            "ai_jobs_submitted",
            "Submissions by outcome: queued, deferred (broker away), replayed (job was there).",
            ("queue", "feature", "outcome"),
            registry=self.registry,
        )
        self._depth = Gauge("ai_queue_depth", "Jobs that wait.", ("queue",), registry=self.registry)
        self._oldest = Gauge(
            "ai_queue_oldest_job_age_seconds",
            "How long the oldest waiting job has waited; 0 when none waits.",
            ("queue",),
            registry=self.registry,
        )
        build = Gauge("ai_build_info", "1, with the version.", ("version",), registry=self.registry)
        build.labels(service_version()).set(1)

    def submitted(self, feature: Feature, outcome: str) -> None:
        """Count one submission."""
        self._submitted.labels(feature.queue, feature, outcome).inc()

    async def refresh(self, database: Database) -> None:
        """Read the gauges anew; without a database they are absent rather than wrong."""
        self._depth.clear()
        self._oldest.clear()
        try:
            async with database.transaction() as session:
                stats = await queue_stats(session)
        except (DatabaseUnavailable, SchemaBehind):
            return
        for queue, numbers in stats.items():
            self._depth.labels(queue).set(numbers.depth)
            self._oldest.labels(queue).set(numbers.oldest_age)
