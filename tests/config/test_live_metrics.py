"""A real Prometheus that scrapes the running system has all that dashboards and rules ask for."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from pydantic import SecretStr

from shared.client import AsyncServiceClient
from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import free_port, running
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.config.promql import (
    MADE_BY_RULES,
    dashboard_queries,
    is_ours,
    metrics,
    rule_queries,
    selectors,
)
from tests.support import holding
from tests.support.job_rows import expire, insert_job, new_job
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, LABELS
from tests.support.telemetry.span_collector import Collector
from tests.support.waiting import wait_until

# Panels that may show nothing after a success, a failure and a rescue.
NEED_MORE = {
    "queue: Time to deliver a callback": "no job asked for a callback",
}


# Panels that show 0, and not that there is no data, before anything has happened.
ZERO_AT_REST = {
    "queue: Dead letters",
    "queue: Failures by class",
    "queue: Rescues and repairs",
    "queue: Retries",
    "service-overview: Alerts",
    "service-overview: Error rate",
    "service-overview: Errors",
    "service-overview: Requests",
}


@pytest.fixture(scope="module")
def impatient(system: System, folder: Path) -> Iterator[str]:
    """URL of a second front that answers every waiting call with 503 at once."""
    port = free_port()
    with stack.front({**system.env, "ANSWER_TIMEOUT": "0.001"}, port, folder / "impatient.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def prometheus_url(system: System, impatient: str, folder: Path) -> Iterator[str]:
    """URL of a Prometheus with our configuration, except for the targets and the interval."""
    port = free_port()
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_configuration([system.url, impatient], system.worker_url)))
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with running(command, log=folder / "prometheus.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def prometheus(prometheus_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Client of the Prometheus, which has scraped every process."""
    async with httpx.AsyncClient(base_url=f"{prometheus_url}/api/v1") as http:

        async def scraped() -> bool:
            return len(await result(http, "query", "up == 1")) == 3

        await wait_until(partial(_ready, prometheus_url), "Prometheus was ready", within=30)
        await wait_until(scraped, "Prometheus scraped both fronts and the worker", within=30)
        yield http


async def _ready(url: str) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"{url}/-/ready")).status_code == 200
        except httpx.TransportError:
            return False


def _configuration(fronts: list[str], worker: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ROOT / "config/prometheus/rules/*.yml")]
    # Nobody is sent the alerts of this test.
    del config["alerting"]
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
async def test_every_panel_shows_a_success_a_failure_and_a_rescue(
    prometheus: httpx.AsyncClient,
    system: System,
    service: AsyncServiceClient,
    receipt_png: bytes,
    blank_png: bytes,
) -> None:
    """Each query of each panel has a number, unless another program makes its metrics: Tempo, or
    the app."""
    asked = dashboard_queries(window="1m")
    at_rest = [(where, expression) for where, expression in asked if where in ZERO_AT_REST]
    assert {where for where, _ in at_rest} == ZERO_AT_REST
    for where, expression in at_rest:
        # A range needs two scrapes.
        await wait_until(partial(_shows, prometheus, expression), f"{where} showed 0", pause=0.2)

    await _submit(system.url, service.tenant_id, "extract-receipt", _image(receipt_png))
    await _submit(system.url, service.tenant_id, "extract-receipt", _image(blank_png))
    await _lose_a_worker(system, service.tenant_id)
    queries = [
        (where, expression)
        for where, expression in dashboard_queries(window="1m")
        if all(is_ours(name) or name in MADE_BY_RULES for name in metrics(expression))
        and where not in NEED_MORE
    ]
    assert len(queries) > 40
    assert NEED_MORE.keys() < {where for where, _ in dashboard_queries()}

    for where, expression in queries:
        await wait_until(
            partial(_shows, prometheus, expression),
            f"{where} showed a number: {expression}",
            within=30,
            pause=0.2,
        )
    failed = await result(prometheus, "query", dict(queries)["queue: Failures by class"])
    firing = await result(prometheus, "query", dict(queries)["service-overview: Firing alerts"])
    assert {"bad_input"} <= {series["metric"]["error_class"] for series in failed}
    assert "JobsRescued" in {series["metric"]["alertname"] for series in firing}


async def _shows(http: httpx.AsyncClient, expression: str) -> bool:
    found = await result(http, "query", expression)
    return any(series["value"][1] != "NaN" for series in found)


async def _lose_a_worker(system: System, tenant: str) -> None:
    """Leave a job behind as a worker does that was killed while it ran it."""
    settings = Settings(
        database_url=SecretStr(system.env["DATABASE_URL"]),
        redis_url=SecretStr(system.env["REDIS_URL"]),
    )
    database = Database.from_settings(settings, process="test")
    try:
        async with database.transaction() as session:
            new = new_job(tenant_id=tenant, payload=json.dumps(ITEM))
            job = await insert_job(session, new)
            assert await holding.claim(session, job.id, 1, "a worker that was killed", 15)
            await expire(session, job)
    finally:
        await database.close()


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
        selector for selector in wanted if not await result(prometheus, "query", selector)
    ]:
        assert time.monotonic() < deadline, {selector: wanted[selector] for selector in missing}
        await _load(system.url, impatient, service.tenant_id, receipt_png, blank_png)

    series_with_exemplars: list[dict[str, Any]] = []

    async def found() -> bool:
        now = time.time()
        series_with_exemplars[:] = await result(
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


async def result(http: httpx.AsyncClient, path: str, query: str, **more: float) -> Any:
    """Return what Prometheus answers to a query, by the path of the call."""
    content = (await http.get(f"/{path}", params={"query": query, **more})).json()
    assert content["status"] == "success", (query, content)
    return content["data"]["result"] if path == "query" else content["data"]


async def _load(url: str, impatient: str, tenant: str, receipt: bytes, blank: bytes) -> None:
    """Make one call of each kind: jobs, bad requests, and an answer that does not come in time."""
    for front, path, payload in (
        (url, "categorize", _item()),
        (url, "categorize", {}),
        (url, "extract-receipt", _image(receipt)),
        (url, "extract-receipt", _image(blank)),
        (impatient, "categorize", _item()),
    ):
        await _submit(front, tenant, path, payload)
    async with httpx.AsyncClient(timeout=60) as http:
        await http.post(
            f"{url}/api/v1/embed", json={"tenant_id": tenant, "texts": [{"id": "1", "text": "a"}]}
        )


def _item() -> dict[str, Any]:
    return {"item_name": uuid4().hex, "candidate_labels": LABELS}


def _image(content: bytes) -> dict[str, Any]:
    options = {"candidate_labels": LABELS}
    return {"image_base64": b64encode(content).decode(), "options": options}


async def _submit(front: str, tenant: str, path: str, payload: dict[str, Any]) -> None:
    body = {"tenant_id": tenant, "payload": payload, "metadata": {"fresh": True}}
    async with httpx.AsyncClient(timeout=60) as http:
        await http.post(f"{front}/api/v1/{path}", json=body)
