"""The Collector's configuration has only what its components document, and every part is used.

No package has a Collector with these components, so none is started here. The classes below say
what the components of version 0.149 take, as their documentation does.
"""

import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from shared.local.checkout import ROOT
from tests.config.files import content

COMMON = "config/collector/collector.yaml"
STORES = ["application-insights", "otlp"]

Duration = Annotated[str, Field(pattern=r"^(\d+(ms|s|m|h))+$")]
Percent = Annotated[float, Field(gt=0, le=100)]
Size = Annotated[int, Field(gt=0)]
Address = Annotated[str, Field(pattern=r"^0\.0\.0\.0:\d+$")]
Variable = Annotated[str, Field(pattern=r"^\$\{env:[A-Z_]+\}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Listener(_Strict):
    endpoint: Address


class _Protocols(_Strict):
    grpc: _Listener
    http: _Listener


class _Otlp(_Strict):
    protocols: _Protocols


class _Receivers(_Strict):
    otlp: _Otlp


class _MemoryLimiter(_Strict):
    check_interval: Duration
    limit_percentage: Percent
    spike_limit_percentage: Percent


class _StatusCode(_Strict):
    status_codes: list[Literal["OK", "ERROR", "UNSET"]]


class _Latency(_Strict):
    threshold_ms: Size


class _Probabilistic(_Strict):
    sampling_percentage: Percent


class _Policy(_Strict):
    name: str
    type: Literal["status_code", "latency", "probabilistic"]
    status_code: _StatusCode | None = None
    latency: _Latency | None = None
    probabilistic: _Probabilistic | None = None


class _DecisionCache(_Strict):
    sampled_cache_size: Size
    non_sampled_cache_size: Size


class _TailSampling(_Strict):
    decision_wait: Duration
    num_traces: Size
    decision_cache: _DecisionCache
    policies: list[_Policy]


class _Batch(_Strict):
    timeout: Duration
    send_batch_size: Size
    send_batch_max_size: Size


class _Processors(_Strict):
    memory_limiter: _MemoryLimiter
    tail_sampling: _TailSampling
    batch: _Batch


class _Extensions(_Strict):
    health_check: _Listener


class _Queue(_Strict):
    enabled: bool = True
    queue_size: Size


class _AzureMonitor(_Strict):
    connection_string: Variable
    spaneventsenabled: bool
    sending_queue: _Queue
    shutdown_timeout: Duration


class _Retry(_Strict):
    max_elapsed_time: Duration


class _OtlpHttp(_Strict):
    traces_endpoint: Variable
    logs_endpoint: Variable
    sending_queue: _Queue
    retry_on_failure: _Retry


class _Exporters(_Strict):
    azuremonitor: _AzureMonitor | None = None
    otlp_http: _OtlpHttp | None = None


class _Pipeline(_Strict):
    receivers: list[str]
    processors: list[str]
    exporters: Annotated[list[str], Field(min_length=1)]


class _Pipelines(_Strict):
    traces: _Pipeline
    logs: _Pipeline


class _Service(_Strict):
    extensions: list[str]
    telemetry: dict[Literal["logs", "metrics"], dict[str, Any]]
    pipelines: _Pipelines


class _Collector(_Strict):
    receivers: _Receivers
    processors: _Processors
    extensions: _Extensions
    exporters: _Exporters
    service: _Service


def merged(base: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Merge two files as the Collector does: maps by key, and a later list replaces an earlier."""
    both = dict(base)
    for key, value in later.items():
        earlier = both.get(key)
        deeper = isinstance(value, dict) and isinstance(earlier, dict)
        both[key] = merged(earlier, value) if deeper else value  # type: ignore[arg-type]
    return both


@pytest.fixture(params=STORES)
def collector(request: pytest.FixtureRequest) -> _Collector:
    """The configuration for each store."""
    both = merged(content(COMMON), content(f"config/collector/{request.param}.yaml"))
    return _Collector.model_validate(both)


def test_every_component_of_a_pipeline_is_configured_and_used(collector: _Collector) -> None:
    """The limit of memory comes first and batches last, as their documentation wants it."""
    pipelines = [collector.service.pipelines.traces, collector.service.pipelines.logs]
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in getattr(pipeline, kind)}
        assert used == set(getattr(collector, kind).model_dump(exclude_none=True)), kind
    for pipeline in pipelines:
        assert (pipeline.processors[0], pipeline.processors[-1]) == ("memory_limiter", "batch")
    assert collector.service.extensions == list(collector.extensions.model_dump())


def test_limits_agree_with_each_other(collector: _Collector) -> None:
    """A Collector that finds these wrong does not start."""
    limiter, batch = collector.processors.memory_limiter, collector.processors.batch
    sampling = collector.processors.tail_sampling

    assert limiter.spike_limit_percentage < limiter.limit_percentage
    assert batch.send_batch_size <= batch.send_batch_max_size
    assert sampling.decision_cache.sampled_cache_size > sampling.num_traces
    for policy in sampling.policies:
        assert policy.model_dump(exclude_none=True).keys() == {"name", "type", policy.type}
    assert len({policy.name for policy in sampling.policies}) == len(sampling.policies)


def test_the_page_says_what_has_to_be_set() -> None:
    """Variables, ports and files of the configuration are those of the documentation."""
    page = (ROOT / "docs/telemetry.md").read_text()
    files = [COMMON, *(f"config/collector/{name}.yaml" for name in STORES)]
    text = "".join((ROOT / name).read_text() for name in files)

    assert set(re.findall(r"env:(\w+)", text)) == {
        *("APPLICATIONINSIGHTS_CONNECTION_STRING", "TRACES_ENDPOINT", "LOGS_ENDPOINT")
    }
    for named in (*re.findall(r"env:(\w+)", text), *re.findall(r"0\.0\.0\.0:(\d+)", text)):
        assert f"`{named}`" in page, named
    for name in files:
        assert name.rpartition("/")[2] in page
