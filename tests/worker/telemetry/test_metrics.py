"""The metrics that a worker exposes about the jobs it runs."""

import asyncio
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Mapping
from uuid import uuid4

import httpx
import pytest
from prometheus_client import Metric
from sqlalchemy import text

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.errors import Bug, ServiceError, Transient
from shared.rejections import NoTextFound
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, Gate, dairy, raising, worker_with
from tests.support.telemetry.metric_samples import exemplars, families, samples
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.state import WorkerState

ITEMS = "categorization"
HISTOGRAMS = ("ai_job_wait_seconds", "ai_job_run_seconds", "ai_job_total_seconds")


async def scraped(url: str) -> dict[str, float]:
    """Return all samples of the worker at `url`, keyed as in `samples`."""
    async with httpx.AsyncClient(base_url=url) as http:
        return await samples(http)


async def test_metrics_of_a_whole_system(system: System, receipt_png: bytes) -> None:
    """A receipt is in every histogram, with its trace as the exemplar, and no label holds an id.

    Every duration that a worker shows after some work is there from its start.
    """
    tenant, trace_id = f"tenant-{uuid4().hex[:8]}", uuid4().hex
    traced = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    async with httpx.AsyncClient(base_url=system.url, timeout=60) as front:
        body = {"tenant_id": tenant, "image_base64": b64encode(receipt_png).decode()}
        answer = await front.post("/api/v1/receipts/extract", json=body, headers=traced)
        fronts = await families(front)
    async with httpx.AsyncClient(base_url=system.worker_url) as worker:
        workers = await families(worker)

    assert answer.status_code == 200, answer.text
    assert trace_id in exemplars(fronts, "http_server_request_duration_seconds")
    for name in (*HISTOGRAMS, "ai_job_stage_seconds", "ai_ocr_confidence"):
        assert trace_id in exemplars(workers, name), name
    every = [sample for family in (*fronts, *workers) for sample in family.samples]
    assert {"job", "tenant", "job_id"}.isdisjoint({label for s in every for label in s.labels})
    values = " ".join(value for sample in every for value in sample.labels.values())
    assert tenant not in values
    assert trace_id not in values
    assert durations_of(workers) == durations_of(WorkerMetrics(state()).registry.collect())


def durations_of(metrics: Iterable[Metric]) -> set[tuple[str, ...]]:
    """Return the durations that a worker shows, each with the values of its labels."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items())))
        for metric in metrics
        if metric.name.startswith("ai_job_") and metric.type == "histogram"
        for sample in metric.samples
        if sample.name.endswith("_count")
    }


def state() -> WorkerState:
    """Return the state of a worker of both queues that has just started."""
    return WorkerState(
        id="w", version="0", queues=[*Queue], slots=dict.fromkeys(Queue, 1), components={}
    )


@pytest.mark.needs_program("promtool")
async def test_metrics_are_as_prometheus_wants_them(system: System) -> None:
    """`promtool check metrics` finds no fault with the names, units and help of either process."""
    for url in (system.url, system.worker_url):
        async with httpx.AsyncClient(base_url=url) as http:
            content = (await http.get("/metrics")).content
        checked = await asyncio.to_thread(
            subprocess.run,
            ["promtool", "check", "metrics"],
            input=content,
            capture_output=True,
            check=False,
        )
        assert (checked.returncode, checked.stderr.decode()) == (0, "")


async def test_metrics_of_a_job_that_succeeds(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """One job and one attempt are counted, each time is observed once, and the worker shows
    itself."""
    async with worker_with(settings, dairy) as worker:
        await client.submit(ITEMS, ITEM, wait=5)
        await counted(worker.url, f"ai_jobs_finished_total none {ITEMS} items succeeded")

        async def repaired() -> bool:
            found = await scraped(worker.url)
            return found["ai_reconciler_last_success_timestamp_seconds"] > 0

        await wait_until(repaired, "the reconciler had its first round")
        found = await scraped(worker.url)

    assert found[f"ai_job_attempts_total {ITEMS} succeeded items"] == 1
    for name in HISTOGRAMS:
        assert found[f"{name}_count {ITEMS} items"] == 1
    assert found["ai_worker_up"] == 1
    assert found["ai_worker_slots items"] == settings.item_slots
    assert found["ai_heartbeat_last_success_timestamp_seconds"] > 0
    assert found["db_client_operation_duration_seconds_count update"] > 0


@pytest.mark.parametrize(
    ("error", "attempts", "error_class"),
    [
        (NoTextFound(), {"failed": 1, "retried": 0}, "bad_input"),
        (Transient(), {"failed": 1, "retried": 5}, "transient"),
        (Bug(), {"failed": 1, "retried": 1}, "bug"),
    ],
)
async def test_metrics_of_a_job_that_fails(
    client: AsyncServiceClient,
    settings: Settings,
    error: ServiceError,
    attempts: Mapping[str, int],
    error_class: str,
) -> None:
    """Every attempt is counted, and the job once, by the class of its error."""
    async with worker_with(settings, raising(error)) as worker:
        await client.submit(ITEMS, ITEM)
        await counted(worker.url, f"ai_jobs_finished_total {error_class} {ITEMS} items failed")
        found = await scraped(worker.url)

    assert {
        outcome: found[f"ai_job_attempts_total {ITEMS} {outcome} items"] for outcome in attempts
    } == attempts
    assert found[f"ai_job_run_seconds_count {ITEMS} items"] == sum(attempts.values())
    assert found[f"ai_job_total_seconds_count {ITEMS} items"] == 1


async def test_metrics_of_a_job_that_is_cancelled(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The slot is busy while the job runs, and free again afterwards."""
    gate = Gate()
    async with worker_with(settings, gate) as worker:
        job = await client.submit(ITEMS, ITEM)
        await gate.begun.wait()
        busy = (await scraped(worker.url))["ai_worker_busy_slots items"]
        await client.cancel(job.id)
        await counted(worker.url, f"ai_jobs_finished_total cancelled {ITEMS} items cancelled")
        await counted(worker.url, "ai_worker_busy_slots items", 0)
        found = await scraped(worker.url)

    assert busy == 1
    assert found[f"ai_job_attempts_total {ITEMS} cancelled items"] == 1


async def test_metrics_of_a_job_that_is_cancelled_just_as_it_fails(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The job does not run again, so it counts as cancelled."""

    async def cancelled_meanwhile(_work: Work) -> Product:
        # Written directly, so that the runner fails before the worker sees the cancellation.
        async with database.transaction() as session:
            await session.execute(text("UPDATE jobs SET cancel_requested_at = now()"))
        raise Transient

    async with worker_with(settings, cancelled_meanwhile) as worker:
        await client.submit(ITEMS, ITEM)
        await counted(worker.url, f"ai_jobs_finished_total cancelled {ITEMS} items cancelled")
        found = await scraped(worker.url)

    assert found[f"ai_job_attempts_total {ITEMS} cancelled items"] == 1
    assert found[f"ai_job_attempts_total {ITEMS} retried items"] == 0


async def test_metrics_of_a_job_that_is_rescued(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The crashed attempt and the rescue are counted, and so is the second attempt."""
    gate = Gate()
    rare = settings.model_copy(update={"heartbeat": 50, "lease": 100})
    async with worker_with(rare, gate) as worker:
        job = await client.submit(ITEMS, ITEM)
        await gate.begun.wait()
        async with database.transaction() as session:
            await session.execute(text("UPDATE jobs SET lease_until = now()"))
        await counted(worker.url, "ai_jobs_rescued_total items")
        gate.opened.set()
        await client.await_job(job.id)
        found = await scraped(worker.url)
        seen = await client.job(job.id)

    assert seen.status is JobStatus.SUCCEEDED
    assert found[f"ai_job_attempts_total {ITEMS} crashed items"] == 1
    assert found[f"ai_job_attempts_total {ITEMS} succeeded items"] == 1
    assert found[f"ai_jobs_finished_total none {ITEMS} items succeeded"] == 1


async def counted(url: str, sample: str, value: float = 1) -> None:
    """Wait until a sample has a value, since the worker may answer before it counts."""

    async def has() -> bool:
        return (await scraped(url))[sample] == value

    await wait_until(has, f"{sample} was {value:g}", 20)
