"""Reads the metrics of a process as Prometheus does."""

from collections.abc import Iterable

import httpx
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


async def samples(http: httpx.AsyncClient) -> dict[str, float]:
    """Return all values by `name value value …`, with the label values in the order of the labels'
    names."""
    text = (await http.get("/metrics")).raise_for_status().text
    return _values(text_string_to_metric_families(text))


async def families(http: httpx.AsyncClient) -> list[Metric]:
    """Return all metrics in the OpenMetrics format, which has exemplars."""
    answer = await http.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    return list(openmetrics.text_string_to_metric_families(answer.text))  # type: ignore[no-untyped-call]


def exemplars(families: Iterable[Metric], name: str) -> set[str]:
    """Return the trace ids in the exemplars of a metric."""
    return {
        sample.exemplar.labels["trace_id"]
        for family in families
        if family.name == name
        for sample in family.samples
        if sample.exemplar
    }


def _values(families: Iterable[Metric]) -> dict[str, float]:
    values = {}
    for family in families:
        for sample in family.samples:
            labels = (value for _, value in sorted(sample.labels.items()))
            values[" ".join([sample.name, *labels])] = sample.value
    return values
