"""Declares the metrics of a worker on a registry of their own."""

from prometheus_client import Gauge

from shared.telemetry.metrics import new_registry
from worker.telemetry.callback_metrics import CallbackMetrics
from worker.telemetry.job_metrics import JobMetrics
from worker.telemetry.state import WorkerState


class WorkerMetrics:
    """Metrics of one worker. Timestamps are seconds since the epoch, or 0 for never."""

    def __init__(self, state: WorkerState) -> None:
        self.registry = new_registry()
        self.jobs = JobMetrics(self.registry, state.queues)
        self.callbacks = CallbackMetrics(self.registry)
        up = Gauge(
            "ai_worker_up",
            "1 while the worker takes jobs, 0 while it loads its components or drains.",
            registry=self.registry,
        )
        up.set_function(lambda: state.phase == "ready")
        slots = Gauge(
            "ai_worker_slots",
            "Jobs that the worker can run at the same time.",
            ("queue",),
            registry=self.registry,
        )
        for queue, number in state.slots.items():
            slots.labels(queue).set(number)
        self._heartbeat = self._last_success("heartbeat", "heartbeat")
        self._reconciler = self._last_success("reconciler", "round of repairs by this worker")

    def heartbeat_succeeded(self) -> None:
        """Note that a heartbeat has just succeeded."""
        self._heartbeat.set_to_current_time()

    def reconciler_succeeded(self) -> None:
        """Note that this worker has just completed a round of repairs."""
        self._reconciler.set_to_current_time()

    def _last_success(self, name: str, what: str) -> Gauge:
        return Gauge(
            f"ai_{name}_last_success_timestamp_seconds",
            f"When the last {what} succeeded.",
            registry=self.registry,
        )
