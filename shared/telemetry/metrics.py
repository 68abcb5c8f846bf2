"""The metrics that fronts and workers share: the registry, its exposition, the jobs that ended.

Metrics are in base units. No label holds an id or a tenant, and none is called `job`, which is
Prometheus's own.
"""

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass
from shared.version import service_version

# Buckets in seconds. They are fine around a categorization (20 ms) and a receipt (1 to 60 s), and
# reach to 900 s for jobs that wait as long as admission allows.
DURATIONS = (
    *(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0),
    *(2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0),
)
# The error class of a job that succeeded.
_NO_ERROR = "none"


def new_registry() -> CollectorRegistry:
    """Return the registry of a process, with a metric that shows the version.

    No metric of the process shows when its series were created: nobody asks for those times, and
    they would be a fifth of all samples.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    build = Gauge("ai_build_info", "1, with the version.", ("version",), registry=registry)
    build.labels(service_version()).set(1)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return all samples and their content type.

    The format is OpenMetrics, which includes exemplars, if the `Accept` header asks for it, and
    Prometheus's text format otherwise.
    """
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def exemplar() -> dict[str, str] | None:
    """Return the current trace id as an exemplar's label; None if the trace is not exported."""
    span = trace.get_current_span().get_span_context()
    if not (span.is_valid and span.trace_flags.sampled):
        return None
    return {"trace_id": f"{span.trace_id:032x}"}


class FinishedJobs:
    """Counts the jobs that ended.

    Each job is counted once, by the worker that ran or rescued it or by the front that cancelled it
    while it waited.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "ai_jobs_finished",
            "Jobs that ended, by state and error class.",
            ("queue", "feature", "state", "error_class"),
            registry=registry,
        )
        # Every combination starts at 0: Prometheus's rate() would miss an increase from nothing
        # to 1, and with it an alert.
        for feature in Feature:
            self._child(feature, JobStatus.SUCCEEDED, None)
            for error_class in ErrorClass:
                cancelled = error_class is ErrorClass.CANCELLED
                state = JobStatus.CANCELLED if cancelled else JobStatus.FAILED
                self._child(feature, state, error_class)

    def count(self, feature: Feature, state: JobStatus, error_class: ErrorClass | None) -> None:
        """Count one more job that ended. `error_class` is None for a job that succeeded."""
        self._child(feature, state, error_class).inc()

    def _child(self, feature: Feature, state: JobStatus, error_class: ErrorClass | None) -> Counter:
        return self._counter.labels(feature.queue, feature, state, error_class or _NO_ERROR)
