"""A real Prometheus that scrapes the running system has all that dashboards and rules ask for."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from shared.client import AsyncServiceClient
from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import free_port, running
from tests.config.promql import dashboard_queries, is_ours, rule_queries, selectors
from tests.support.processes.running_system import System
from tests.support.runners import LABELS
from tests.support.telemetry.span_collector import Collector
from tests.support.waiting import wait_until


@pytest.fixture
def impatient(system: System, tmp_path: Path) -> Iterator[str]:
    """URL of a second front that answers every waiting call with 503 at once."""
    port = free_port()
    with stack.front({**system.env, "ANSWER_TIMEOUT": "0.001"}, port, tmp_path / "front.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def prometheus(
    system: System, impatient: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a Prometheus with our configuration, except for the targets and the interval."""
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(yaml.safe_dump(_configuration([system.url, impatient], system.worker_url)))
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with running(command, log=tmp_path / "prometheus.log"):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as http:
            await wait_until(lambda: _ready(port), "Prometheus was ready", within=30)
            yield http


async def _ready(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/-/ready")).status_code == 200
        except httpx.TransportError:
            return False


def _configuration(fronts: list[str], worker: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ROOT / "config/prometheus/rules/*.yml")]
    targets = {"api": fronts, "worker": [worker]}
    config["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [
                {"targets": [url.removeprefix("http://") for url in targets[job["job_name"]]]}
            ],
        }
        for job in config["scrape_configs"]
        if job["job_name"] in targets
    ]
    assert len(config["scrape_configs"]) == len(targets)
    return config


@pytest.mark.needs_program("prometheus")
async def test_metrics_of_every_dashboard_and_rule_exist(
    prometheus: httpx.AsyncClient,
    system: System,
    impatient: str,
    service: AsyncServiceClient,
    collector: Collector,
    receipt_png: bytes,
    blank_png: bytes,
) -> None:
    """Every metric appears under a small load of all calls, and exemplars lead to traces."""
    queries = {*dashboard_queries(), *rule_queries()}
    wanted = {
        selector: where
        for where, expression in queries
        for selector in selectors(expression)
        if is_ours(selector)
    }
    assert len(wanted) > 40

    deadline = time.monotonic() + 120
    while missing := [
        selector for selector in wanted if not await _result(prometheus, "query", selector)
    ]:
        assert time.monotonic() < deadline, {selector: wanted[selector] for selector in missing}
        await _load(system.url, impatient, service.tenant_id, receipt_png, blank_png)

    series_with_exemplars: list[dict[str, Any]] = []

    async def found() -> bool:
        now = time.time()
        series_with_exemplars[:] = await _result(
            prometheus, "query_exemplars", "ai_job_run_seconds_bucket", start=now - 300, end=now
        )
        return bool(series_with_exemplars)

    await wait_until(found, "an exemplar appeared", within=20)
    traces = {
        exemplar["labels"]["trace_id"]
        for series in series_with_exemplars
        for exemplar in series["exemplars"]
    }
    # Spans are sent up to a second after they end.
    await wait_until(lambda: traces <= _runs(collector), "the traces of the exemplars arrived")


def _runs(collector: Collector) -> set[str]:
    return {span.trace_id for span in collector.spans if span.kind == "CONSUMER"}


async def _result(http: httpx.AsyncClient, path: str, query: str, **more: float) -> Any:
    content = (await http.get(f"/{path}", params={"query": query, **more})).json()
    assert content["status"] == "success", (query, content)
    return content["data"]["result"] if path == "query" else content["data"]


async def _load(url: str, impatient: str, tenant: str, receipt: bytes, blank: bytes) -> None:
    """Make one call of each kind: jobs, bad requests, and an answer that does not come in time."""
    item = {"item_name": uuid4().hex, "candidate_labels": LABELS}
    image = {"image_base64": b64encode(receipt).decode(), "options": {"candidate_labels": LABELS}}
    async with httpx.AsyncClient(timeout=60) as http:
        for front, path, payload in (
            (url, "categorize", item),
            (url, "categorize", {}),
            (url, "extract-receipt", image),
            (url, "extract-receipt", {"image_base64": b64encode(blank).decode()}),
            (impatient, "categorize", {**item, "item_name": uuid4().hex}),
        ):
            body = {"tenant_id": tenant, "payload": payload, "metadata": {"fresh": True}}
            await http.post(f"{front}/api/v1/{path}", json=body)
        await http.post(
            f"{url}/api/v1/embed", json={"tenant_id": tenant, "texts": [{"id": "1", "text": "a"}]}
        )
