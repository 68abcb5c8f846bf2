"""docs/metrics.md agrees with the metrics that a front and a worker declare."""

import pytest
from prometheus_client import CollectorRegistry

from api.main import create_app
from shared.contracts.features import Queue
from shared.settings import Settings
from tests.docs.pages import codes, rows, section, text_of
from tests.support.fronts import nowhere
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.state import WorkerState

PAGE = "docs/metrics.md"
# Name, type and labels of a metric.
Declared = tuple[str, str, tuple[str, ...]]


def declared(registry: CollectorRegistry) -> set[Declared]:
    """Return every metric on a registry, under the name by which Prometheus stores it."""
    found = set()
    # This is private because the public interface shows the labels of samples only.
    for collector in registry._collector_to_names:
        kind: str = collector._type  # type: ignore[attr-defined]
        name: str = collector._name  # type: ignore[attr-defined]
        labels: tuple[str, ...] = collector._labelnames  # type: ignore[attr-defined]
        found.add((f"{name}_total" if kind == "counter" else name, kind, tuple(labels)))
    return found


def documented(heading: str) -> set[Declared]:
    """Return the metrics in one section of the page."""
    return {
        (name.strip("`"), kind, tuple(codes(labels)))
        for name, kind, labels, _meaning in rows(section(text_of(PAGE), heading))
    }


async def test_the_page_has_every_metric_of_a_front() -> None:
    """Type and labels agree. A front declares its metrics without reaching any server."""
    settings = Settings(database_url=nowhere("postgresql"), redis_url=nowhere("redis"))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        found = declared(app.state.front.metrics.registry)

    assert found == documented("Front") | documented("Front and worker")


async def test_the_page_has_every_metric_of_a_worker() -> None:
    """Type and labels agree. The metrics of SQL statements are declared by `Database`, not here."""
    state = WorkerState(
        id="w", version="0", queues=[*Queue], slots=dict.fromkeys(Queue, 1), components={}
    )
    found = declared(WorkerMetrics(state).registry)

    of_both = documented("Front and worker")
    statements = {metric for metric in of_both if metric[0].startswith("db_client_")}
    assert found == documented("Worker") | (of_both - statements)


@pytest.mark.parametrize("heading", ["Front", "Worker", "Front and worker"])
def test_every_metric_is_explained(heading: str) -> None:
    """A name alone helps nobody at three in the morning."""
    for row in rows(section(text_of(PAGE), heading)):
        assert len(row) == 4, row
        assert all(row), row
