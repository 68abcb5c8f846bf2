"""Where a worker tells what happens to jobs: to traces, and to metrics."""

from dataclasses import dataclass

from worker.job_tracing import JobTracing
from worker.metrics import WorkerMetrics


@dataclass(frozen=True)
class Telemetry:
    """Both."""

    tracing: JobTracing
    metrics: WorkerMetrics
