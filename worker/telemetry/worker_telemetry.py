"""Where a worker tells what happens to jobs: to traces, and to metrics."""

from dataclasses import dataclass

from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.worker_metrics import WorkerMetrics


@dataclass(frozen=True)
class Telemetry:
    """Both."""

    tracing: JobTracing
    metrics: WorkerMetrics
