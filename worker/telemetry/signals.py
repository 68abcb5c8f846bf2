"""Bundles the spans and the metrics of a worker."""

from dataclasses import dataclass

from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.metrics import WorkerMetrics


@dataclass(frozen=True)
class Telemetry:
    """Spans and metrics of one worker."""

    tracing: JobTracing
    metrics: WorkerMetrics
