"""The metrics of a front."""

import time
from uuid import uuid4

import httpx
import pytest
from arq.constants import in_progress_key_prefix
from redis.asyncio import Redis

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.errors import QueueFull
from shared.local.stack import Servers
from shared.settings import Settings
from shared.version import service_version
from shared.wire.broker import Broker, BrokerCounts
from shared.wire.messages import message_id, queue_key
from tests.support.fronts import front_http, front_transport, nowhere
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.telemetry.metric_samples import samples
from tests.support.waiting import wait_until


async def test_metrics_show_waiting_jobs(
    http: httpx.AsyncClient, client: AsyncServiceClient, settings: Settings
) -> None:
    """The gauges are read at the scrape; submissions are counted by outcome."""
    await client.submit("categorization", ITEM, idempotency_key="k")
    await client.submit("categorization", ITEM, idempotency_key="k")
    waiting = await samples(http)
    async with worker_with(settings, dairy):
        await wait_until(lambda: _drained(http), "the queue was drained")

    assert waiting["ai_queue_depth items"] == 1
    assert waiting["ai_queue_depth receipts"] == 0
    assert waiting["ai_queue_jobs items queued"] == 1
    assert waiting["ai_queue_jobs items running"] == 0
    assert waiting["ai_queue_oldest_job_age_seconds items"] > 0
    assert waiting["ai_broker_jobs items waiting"] == 1
    assert waiting["ai_workers_alive items"] == 0
    assert waiting["ai_jobs_submitted_total categorization queued items"] == 1
    assert waiting["ai_jobs_submitted_total categorization replayed items"] == 1
    assert waiting["ai_jobs_submitted_total categorization rejected items"] == 0
    assert waiting["ai_dependency_up database"] == waiting["ai_dependency_up redis"] == 1
    assert waiting[f"ai_build_info {service_version()}"] == 1


async def test_metrics_show_running_jobs(
    http: httpx.AsyncClient, client: AsyncServiceClient, settings: Settings
) -> None:
    """Postgres and Redis agree about the job, and the worker and its slots are counted."""
    gate = Gate()
    async with worker_with(settings, gate):
        await client.submit("categorization", ITEM)
        await gate.begun.wait()
        running = await samples(http)
        gate.opened.set()

    assert running["ai_queue_jobs items running"] == 1
    assert (running["ai_broker_jobs items taken"], running["ai_broker_jobs items waiting"]) == (
        1,
        0,
    )
    assert running["ai_workers_alive items"] == 1
    assert running["ai_queue_slots items"] == settings.item_slots
    assert running["ai_queue_estimated_wait_seconds items"] == 0


@pytest.mark.parametrize(
    ("dependency", "scheme", "absent", "present"),
    [
        ("database", "postgresql", "ai_queue", "ai_broker_jobs"),
        ("redis", "redis", "ai_broker_jobs", "ai_queue_depth"),
    ],
)
async def test_metrics_are_absent_when_their_source_is(
    settings: Settings, dependency: str, scheme: str, absent: str, present: str
) -> None:
    """A false 0 would look like an empty queue. Metrics from the other source are there."""
    broken = settings.model_copy(update={f"{dependency}_url": nowhere(scheme)})
    async with front_http(broken) as http:
        found = await samples(http)

    assert not [name for name in found if name.startswith(absent)]
    assert [name for name in found if name.startswith(present)]
    up = {name: value for name, value in found.items() if name.startswith("ai_dependency_up")}
    assert len(up) == 2
    assert [name for name, value in up.items() if value == 0] == [f"ai_dependency_up {dependency}"]
    assert found[f"ai_build_info {service_version()}"] == 1


async def test_metrics_count_refused_submissions(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """A refusal has an outcome of its own."""
    await client.submit("categorization", ITEM)
    full = settings.model_copy(update={"items_queue_limit": 1})
    async with (
        front_transport(full) as transport,
        AsyncServiceClient("http://localhost", "tenant", transport=transport, retries=0) as refused,
        httpx.AsyncClient(base_url="http://localhost", transport=transport) as http,
    ):
        with pytest.raises(QueueFull):
            await refused.submit("categorization", ITEM)
        found = await samples(http)

    assert found["ai_jobs_submitted_total categorization rejected items"] == 1
    assert found["ai_jobs_submitted_total categorization queued items"] == 0


async def test_metrics_count_a_job_that_never_ran(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    """A job that is cancelled while it waits is counted once, however often it is cancelled."""
    job = await client.submit("categorization", ITEM)
    await client.cancel(job.id)
    await client.cancel(job.id)
    found = await samples(http)

    assert found["ai_jobs_finished_total cancelled categorization items cancelled"] == 1


async def test_requests_are_measured_by_route_template(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    """Neither an id nor a made-up method becomes a label. Probes and scrapes are left out."""
    job = await client.submit("categorization", ITEM)
    await client.job(job.id)
    await http.get("/api/v1/jobs/nothing")
    await http.get(f"/nowhere/{uuid4()}")
    await http.request("BREW", "/coffee")
    await http.get("/health/ready")
    counted = {
        name.removeprefix("http_server_request_duration_seconds_count "): value
        for name, value in (await samples(http)).items()
        if name.startswith("http_server_request_duration_seconds_count") and value
    }

    assert counted == {
        "POST /api/v1/jobs 202": 1,
        "GET /api/v1/jobs/{job_id} 200": 1,
        "GET /api/v1/jobs/{job_id} 422": 1,
        "GET unmatched 404": 1,
        "other unmatched 404": 1,
    }


async def test_the_first_answer_of_each_class_is_an_increase(http: httpx.AsyncClient) -> None:
    """Each route has its answers at 0 from the start, and no series says when it was created."""
    before = await samples(http)
    await http.post("/api/v1/jobs", json={})
    after = await samples(http)

    refused = "http_server_responses_total POST /api/v1/jobs 4xx"
    assert (before[refused], after[refused]) == (0, 1)
    assert before["http_server_responses_total POST /api/v1/jobs 5xx"] == 0
    assert before["http_server_responses_total GET /api/v1/jobs/{job_id} 5xx"] == 0
    assert before["http_server_request_duration_seconds_count POST /api/v1/jobs 202"] == 0
    assert before["http_server_responses_total GET unmatched 4xx"] == 0
    assert not any("/health" in name or "_created" in name for name in before)


async def test_statements_are_measured_by_operation(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    """Statements that begin with WITH are measured by the operation in them."""
    await client.submit("categorization", ITEM)
    found = await samples(http)

    counts = {
        name.rpartition(" ")[2]: value
        for name, value in found.items()
        if name.startswith("db_client_operation_duration_seconds_count")
    }
    assert counts.keys() <= {"select", "insert", "update", "delete", "other"}
    assert counts["insert"] >= 1
    assert counts["select"] >= 1


async def test_thousands_of_messages_are_counted(settings: Settings, servers: Servers) -> None:
    """The locks are read in chunks, and every one is counted."""
    broker = Broker(settings)
    key = queue_key(settings.queue_namespace, Queue.ITEMS)
    ids = [message_id(uuid4(), 1) for _ in range(2500)]
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.zadd(key, {message: place for place, message in enumerate(ids)})
        await redis.mset({in_progress_key_prefix + message: 1 for message in ids[900:1200]})
        try:
            counts = await broker.counts(Queue.ITEMS)
        finally:
            await redis.delete(
                key, *(in_progress_key_prefix + message for message in ids[900:1200])
            )
            await broker.close()

    assert counts == BrokerCounts(waiting=2200, taken=300)


async def _drained(http: httpx.AsyncClient) -> bool:
    return (await samples(http))["ai_queue_depth items"] == 0


async def test_scrapers_share_a_reading(http: httpx.AsyncClient) -> None:
    """However many scrape, the gauges are read at most once a second."""
    scrapes, begun = 30, time.monotonic()
    found = [await samples(http) for _ in range(scrapes)]
    seconds = time.monotonic() - begun

    selects = "db_client_operation_duration_seconds_count select"
    in_one = found[0][selects]
    assert found[-1][selects] <= in_one * (seconds + 1)
