"""Where a worker reports what happens to its jobs."""

from dataclasses import dataclass

from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.worker_metrics import WorkerMetrics


@dataclass(frozen=True)
class Telemetry:
    """The spans and the metrics of one worker."""

    tracing: JobTracing
    metrics: WorkerMetrics
