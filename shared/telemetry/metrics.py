"""What fronts and workers tell Prometheus alike: the registry, its exposition, jobs that ended.

Base units; no label ever holds an id, a tenant, or the word `job`, which is Prometheus's own.
"""

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import choose_encoder

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass
from shared.version import service_version

# Seconds. Fine around a categorisation of 20 ms and a receipt of one to sixty seconds; the long end
# is for jobs that wait as long as admission lets them.
DURATIONS = (
    *(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0),
    *(2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0),
)
# Of a job that succeeded there is no error to have a class.
_NO_ERROR = "none"


def new_registry() -> CollectorRegistry:
    """The registry of one process; it tells the version."""
    registry = CollectorRegistry()
    build = Gauge("ai_build_info", "1, with the version.", ("version",), registry=registry)
    build.labels(service_version()).set(1)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """All samples and their content type: OpenMetrics, which has the exemplars, where the `Accept`
    header asks for it; else Prometheus's text."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def exemplar() -> dict[str, str] | None:
    """The trace of the current span, for an observation to point to; None unless it is kept."""
    span = trace.get_current_span().get_span_context()
    if not (span.is_valid and span.trace_flags.sampled):
        return None
    return {"trace_id": f"{span.trace_id:032x}"}


class FinishedJobs:
    """Jobs that ended, each counted once: by the worker that ran or rescued it, or by the front
    that cancelled it while it waited."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "ai_jobs_finished",
            "Jobs that ended, by state and class of error.",
            ("queue", "feature", "state", "error_class"),
            registry=registry,
        )
        # All that an alert may ask for is there from the start: a rate() sees no increment from
        # nothing to 1.
        for feature in Feature:
            self._child(feature, JobStatus.SUCCEEDED, None)
            for error_class in ErrorClass:
                cancelled = error_class is ErrorClass.CANCELLED
                state = JobStatus.CANCELLED if cancelled else JobStatus.FAILED
                self._child(feature, state, error_class)

    def count(self, feature: Feature, state: JobStatus, error_class: ErrorClass | None) -> None:
        """One more. `error_class` is None for a success."""
        self._child(feature, state, error_class).inc()

    def _child(self, feature: Feature, state: JobStatus, error_class: ErrorClass | None) -> Counter:
        return self._counter.labels(feature.queue, feature, state, error_class or _NO_ERROR)
