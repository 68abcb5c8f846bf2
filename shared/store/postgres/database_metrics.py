"""The metric of how long statements take, measured in the process that sends them."""

import time
from typing import Any

from prometheus_client import CollectorRegistry, Histogram
from sqlalchemy import Connection, Engine, event

from shared.telemetry.metrics import exemplar

# Seconds.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_OPERATIONS = ("select", "insert", "update", "delete")
_OTHER = "other"
_BEGAN = "ai_statement_began"


def duration_histogram(registry: CollectorRegistry) -> Histogram:
    """Return the metric, as one of `registry`."""
    histogram = Histogram(
        "db_client_operation_duration_seconds",
        "Time that Postgres took for a statement.",
        ("operation",),
        buckets=_BUCKETS,
        registry=registry,
    )
    # The first statement of its kind would not show as a rate.
    for operation in (*_OPERATIONS, _OTHER):
        histogram.labels(operation)
    return histogram


def observe(histogram: Histogram, operation: str, seconds: float) -> None:
    """Count a statement that succeeded. Whoever sends a statement counts its failures."""
    histogram.labels(operation).observe(seconds, exemplar())


def measure_statements(engine: Engine, histogram: Histogram) -> None:
    """Observe the duration of every statement of an engine that succeeds."""

    def begin(connection: Connection, *_args: Any) -> None:
        # A connection runs one statement at a time, so the next overwrites a failed one's time.
        connection.info[_BEGAN] = time.perf_counter()

    def end(
        connection: Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _: Any
    ) -> None:
        seconds = time.perf_counter() - connection.info[_BEGAN]
        observe(histogram, _operation(statement, context), seconds)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)


def _operation(statement: str, context: Any) -> str:
    """Return the kind of a statement, as SQLAlchemy knows it: the text may begin with WITH."""
    made = getattr(context.compiled, "statement", None)
    for operation in _OPERATIONS:
        if getattr(made, f"is_{operation}", False):
            return operation
    word = statement.split(maxsplit=1)[0].lower()
    return word if word in _OPERATIONS else _OTHER
