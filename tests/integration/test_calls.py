"""Every call of the interface, with answers that keep the contract."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from shared.client import AsyncServiceClient, ServiceClient
from shared.client.calls.options import Entry
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus, JobView
from shared.pytest_plugin import AssertEnqueued, AwaitJob, DrainQueues
from shared.rejections import (
    ImageUnsupported,
    InvalidRequest,
    JobNotFound,
    NotCancellable,
    NotRetryable,
    Unauthenticated,
)
from tests.integration.checked_transport import CheckedTransport

LABELS = ["Produce", "Dairy", "Bakery", "Meat"]
MILK = {"item_name": "Whole Milk", "candidate_labels": LABELS}
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def test_receipts(ai_client: ServiceClient, receipt: bytes) -> None:
    """Flat, rich and uploaded: one reading, in the shapes of the calls."""
    flat = ai_client.extract_receipt(receipt)
    rich = ai_client.read_receipt(receipt, LABELS, default_currency="EUR", request_id="receipt-1")
    uploaded = ai_client.upload_receipt(receipt, locale="en-GB", country="GB")

    assert flat.payload is not None
    assert flat.payload.merchant
    assert rich.request_id == "receipt-1"
    assert all(item.category in LABELS for item in rich.extraction.line_items)
    assert uploaded.extraction.total.amount == rich.extraction.total.amount == flat.payload.total


def test_batches(ai_client: ServiceClient) -> None:
    """Each name has a prediction, in the order of the names."""
    answer = ai_client.categorize_batch(["Bananas", "Whole Milk", "Sourdough Bread"], LABELS)

    assert answer.payload is not None
    assert [(found.id, found.predicted_category) for found in answer.payload.predictions] == [
        (0, "Produce"),
        (1, "Dairy"),
        (2, "Bakery"),
    ]


def test_embeddings(ai_client: ServiceClient) -> None:
    """Vectors have the length 1, and the batch size changes none."""
    texts = ["Organic Bananas", "Whole Milk", "Dish Soap"]
    single, batch = ai_client.embed(texts), ai_client.embed_batch(texts, batch_size=2)

    for first, second in zip(single.embeddings, batch.embeddings, strict=True):
        assert len(first.vector) == single.dimension
        assert math.hypot(*first.vector) == pytest.approx(1, abs=1e-3)
        assert first.vector == pytest.approx(second.vector, abs=1e-4)


def test_jobs(
    ai_client: ServiceClient,
    await_job: AwaitJob,
    drain_queues: DrainQueues,
    assert_enqueued: AssertEnqueued,
) -> None:
    """Jobs are submitted once for each key, found, awaited and listed."""
    first = ai_client.submit("categorization", MILK, idempotency_key="once", user_id="ann")
    again = ai_client.submit("categorization", MILK, idempotency_key="once", user_id="ann")
    other = ai_client.submit("embedding", {"texts": [{"id": "a", "text": "milk"}]})
    drain_queues()
    page = ai_client.jobs(limit=1, since=datetime.now(UTC) - timedelta(minutes=10))
    rest = ai_client.jobs(limit=1, cursor=page.next_cursor)

    assert first.id == again.id
    assert await_job(other).output_payload is not None
    assert assert_enqueued("categorization", MILK, user_id="ann").id == first.id
    assert [job.id for job in (*page.jobs, *rest.jobs)] == [other.id, first.id]
    with pytest.raises(JobNotFound):
        ai_client.job(first.id, tenant_id="somebody-else")


def test_many_jobs(ai_client: ServiceClient) -> None:
    """Jobs are submitted and awaited together. What is refused hides none of the others."""
    embedding: Entry = {"feature": "embedding", "payload": {"texts": ["milk"]}}
    entries: list[Entry] = [
        {"feature": "categorization", "payload": MILK, "request_id": "milk-1"},
        {"feature": "categorization", "payload": {**MILK, "item_name": ""}},
        *[embedding] * 120,
    ]
    milk, blank, *texts = ai_client.submit_many(entries, user_id="ann", idempotency_key="list")
    again, *_ = ai_client.submit_many(entries[:1], user_id="ann", idempotency_key="list")
    jobs = [job for job in (*texts, milk, again) if isinstance(job, JobView)]
    ended = ai_client.wait_many([job.id for job in jobs], within=60)
    seen = ai_client.get_many([jobs[0].id, UUID(int=0)])

    assert isinstance(blank, InvalidRequest)
    assert len(jobs) == 122
    assert jobs[-1].id == jobs[-2].id
    assert [job.id for job in ended.jobs] == [job.id for job in jobs[:-1]]
    assert {job.status for job in ended.jobs} == {JobStatus.SUCCEEDED}
    assert {job.user_id for job in ended.jobs} == {"ann"}
    assert ([job.id for job in seen.jobs], seen.missing) == ([jobs[0].id], [str(UUID(int=0))])


def test_interventions(ai_client: ServiceClient, await_job: AwaitJob, receipt: bytes) -> None:
    """A job is cancelled and run again; where the state forbids it, the error says so."""
    job = ai_client.submit_receipt(receipt)
    ai_client.cancel(job.id)
    await_job(job, status=JobStatus.CANCELLED)
    ai_client.retry(job.id)
    await_job(job)

    with pytest.raises(NotCancellable):
        ai_client.cancel(job.id)
    with pytest.raises(NotRetryable):
        ai_client.retry(job.id)


def test_a_queue_is_paused_and_resumed(ai_client: ServiceClient) -> None:
    """Both answers show the queue as it is then."""
    paused = ai_client.pause_queue(Queue.RECEIPTS)
    resumed = ai_client.resume_queue(Queue.RECEIPTS)

    assert paused.paused is not None
    assert resumed.paused is None


def test_queues(ai_client: ServiceClient) -> None:
    """Both queues accept work."""
    queues = ai_client.queues().queues

    assert {queue.queue for queue in queues} == set(Queue)
    assert all(queue.accepting for queue in queues)


def test_refusals(ai_client: ServiceClient) -> None:
    """Problem documents keep the contract too, and name the field."""
    with pytest.raises(InvalidRequest) as caught:
        ai_client.categorize("Milk", [])
    with pytest.raises(ImageUnsupported):
        ai_client.extract_receipt(b"no image")

    (field,) = caught.value.problem["fields"]
    assert field["field"] == "payload.candidate_labels"


def test_operators(ai_client: ServiceClient, ai_tenant: str) -> None:
    """An operator deletes what is stored for a tenant, and it is in the audit."""
    job = ai_client.submit("categorization", MILK, wait=20)
    deleted = ai_client.delete_tenant_data(ai_tenant)
    subjects = [entry.subject for entry in ai_client.audit(limit=20).entries]

    assert (deleted.tenant_id, deleted.jobs) == (ai_tenant, 1)
    assert ai_tenant in subjects
    with pytest.raises(JobNotFound):
        ai_client.job(job.id)


def test_callers_without_a_token_are_refused(
    service_url: str, service_token: str | None, ai_tenant: str, transport: CheckedTransport
) -> None:
    """The refusal keeps the contract too. Health needs no token."""
    if service_token is None:
        pytest.skip("AI_SERVICE_TOKEN is not set: the service wants no token")
    for token in (None, service_token[:-1], service_token[:-1] + "!"):
        with ServiceClient(service_url, ai_tenant, token=token, transport=transport) as client:
            with pytest.raises(Unauthenticated):
                client.submit("categorization", MILK)
            with pytest.raises(Unauthenticated):
                client.queues()
            assert client.ready().status == "ok"


def test_the_trace_continues(ai_client: ServiceClient, http: httpx.Client, ai_tenant: str) -> None:
    """The job belongs to the trace of its caller, and the answer names it."""
    job = ai_client.submit("categorization", MILK, traceparent=TRACEPARENT, wait=20)
    answered = http.get(
        f"/api/v1/jobs/{job.id}",
        headers={"X-Tenant-ID": ai_tenant, "traceparent": TRACEPARENT},
    )

    assert job.trace_id == TRACE_ID
    assert answered.headers["X-Trace-Id"] == TRACE_ID
    assert answered.json()["trace_id"] == TRACE_ID


def test_health(ai_client: ServiceClient) -> None:
    """Everything is well, and a worker is there."""
    ready, composite = ai_client.ready(), ai_client.health_check()

    assert ai_client.live().status == ready.status == composite.status == "ok"
    assert ready.checks["database"].status == "ok"
    assert (ready.checks["workers"].alive or 0) >= 1
    assert ai_client.health().version == ready.version == composite.version


def test_documents(http: httpx.Client) -> None:
    """Metrics and schemas are served as they are declared."""
    schemas = http.get("/api/v1/schemas").json()

    assert "ai_queue_depth" in http.get("/metrics").text
    assert schemas
    assert http.get("/api/v1/schemas/nothing").status_code == 404


async def test_the_async_client(ai_tenant: str) -> None:
    """The calls are the same for asyncio, and the environment names the service and the token."""
    async with AsyncServiceClient.from_environment(ai_tenant) as client:
        job = await client.submit("categorization", MILK)
        done = await client.await_job(job.id, within=30)

    assert done.status is JobStatus.SUCCEEDED
