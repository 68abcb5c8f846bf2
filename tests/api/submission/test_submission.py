"""Submission: what is stored, what is published, and when an existing job is found."""

import asyncio
import base64
import json

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.errors import DatabaseUnavailable
from shared.rejections import IdempotencyKeyReused, NoTextFound
from shared.settings import Settings
from shared.store.models import Job, JobImage
from shared.store.postgres.database import Database
from shared.wire.messages import message_id
from tests.support.fronts import front_client, nowhere
from tests.support.runners import ITEM, LABELS, dairy, raising, worker_with


async def test_a_job_is_in_the_database_before_its_message_is_out(
    client: AsyncServiceClient, database: Database, settings: Settings
) -> None:
    """The row is the truth. The message has only the job's id and the trace."""
    job = await client.submit("categorization", ITEM)

    async with database.transaction() as session:
        row = await session.get_one(Job, job.id)
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        sent = json.loads(await redis.get(f"arq:job:{message_id(job.id, row.dispatch)}"))
    assert sent["f"] == "run_job"
    assert sent["a"] == [str(job.id), row.trace_carrier]
    assert str(job.trace_id) in row.trace_carrier["traceparent"]


async def test_the_image_is_kept_apart_from_the_job(
    client: AsyncServiceClient, database: Database, receipt_png: bytes
) -> None:
    """The payload has facts about the image, but not its bytes."""
    job = await client.submit_receipt(receipt_png)

    async with database.transaction() as session:
        assert await session.scalar(select(JobImage.content)) == receipt_png
    image = job.input_payload["image"]
    assert (image["media_type"], image["bytes"]) == ("image/png", len(receipt_png))
    assert "image_base64" not in job.input_payload


async def test_the_answer_says_where_the_job_is(http: httpx.AsyncClient) -> None:
    """The answer is a 202 with Location and Retry-After."""
    answer = await http.post(
        "/api/v1/jobs", json={"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    )

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
    assert int(answer.headers["Retry-After"]) > 0
    found = await http.get(answer.headers["Location"], params={"tenant_id": "t"})
    assert found.json() == answer.json()


async def test_features_have_aliases(client: AsyncServiceClient, receipt_png: bytes) -> None:
    """Callers may use an alias, but the job has the name."""
    image = base64.b64encode(receipt_png).decode()
    receipt = await client.submit("extraction", {"image_base64": image})
    vectors = await client.submit("embedding_batch", {"texts": [{"id": 1, "text": "milk"}]})

    assert (receipt.feature, vectors.feature) == ("receipt_extraction", "embedding")


async def test_user_and_request_may_be_missing(http: httpx.AsyncClient) -> None:
    """A job without a user has none. One without a request id has that of the call, but no key."""
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    sent = {**body, "user_id": None, "request_id": None}
    first, second = [await http.post("/api/v1/jobs", json=sent) for _ in range(2)]
    batch = await http.post("/api/v1/jobs/batch", json={"tenant_id": "t", "jobs": [sent]})

    job = first.json()
    assert (job["user_id"], job["request_id"]) == (None, first.headers["X-Request-ID"])
    assert second.json()["id"] != job["id"]
    (entry,) = batch.json()["results"]
    assert entry["job"]["request_id"] == batch.headers["X-Request-ID"]


async def test_ids_may_be_in_any_script(http: httpx.AsyncClient) -> None:
    """A header can hold only ASCII, so there the id is percent-encoded."""
    body = {"tenant_id": "hâushalt", "request_id": "要求", "feature": "categorization"}
    answer = await http.post("/api/v1/jobs", json={**body, "payload": ITEM})

    assert answer.json()["request_id"] == "要求"
    assert answer.headers["X-Request-ID"] == "%E8%A6%81%E6%B1%82"


async def test_ids_may_be_numbers(http: httpx.AsyncClient) -> None:
    """A number becomes the string of its digits."""
    body = {"tenant_id": 7, "user_id": 12, "feature": "categorization", "payload": ITEM}
    job = (await http.post("/api/v1/jobs", json=body)).json()

    assert (job["tenant_id"], job["user_id"]) == ("7", "12")


async def test_one_key_is_one_job(http: httpx.AsyncClient) -> None:
    """The second call finds the job of the first, and its answer says so."""
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    first = await http.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    second = await http.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    elsewhere = await http.post(
        "/api/v1/jobs", json={**body, "tenant_id": "u"}, headers={"Idempotency-Key": "k"}
    )

    assert first.json()["id"] == second.json()["id"] != elsewhere.json()["id"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_the_request_id_stands_in_for_a_key(client: AsyncServiceClient) -> None:
    """A repeated request with the same id finds the same job."""
    first = await client.submit("categorization", ITEM, request_id="r-1")
    second = await client.submit("categorization", ITEM, request_id="r-1")

    assert first.id == second.id


async def test_without_a_key_every_submission_is_a_job(http: httpx.AsyncClient) -> None:
    """Two equal requests may mean two jobs."""
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    first = await http.post("/api/v1/jobs", json=body)
    second = await http.post("/api/v1/jobs", json=body)

    assert first.json()["id"] != second.json()["id"]


async def test_one_key_for_two_requests_is_refused(client: AsyncServiceClient) -> None:
    """A refusal is better than an answer with the wrong job."""
    await client.submit("categorization", ITEM, idempotency_key="k")

    with pytest.raises(IdempotencyKeyReused) as refused:
        await client.submit("categorization", {**ITEM, "item_name": "Soap"}, idempotency_key="k")

    assert refused.value.code == "idempotency_key_reused"
    assert refused.value.problem["status"] == 422


async def test_fifty_submissions_with_one_key_at_once_make_one_job(
    client: AsyncServiceClient, database: Database
) -> None:
    """The database decides the race, not the front."""
    jobs = await asyncio.gather(
        *(client.submit("categorization", ITEM, idempotency_key="k") for _ in range(50))
    )

    assert len({job.id for job in jobs}) == 1
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Job)) == 1


async def test_fifty_waiting_calls_for_the_same_work_make_one_job(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """All fifty calls get the answer of that job."""
    async with worker_with(settings, dairy):
        answers = await asyncio.gather(*(client.categorize("Milk", LABELS) for _ in range(50)))

    assert {answer.payload.category for answer in answers if answer.payload} == {"Dairy"}
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Job)) == 1


async def test_a_waiting_call_finds_work_that_was_done_recently(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """A call that asks for a fresh job gets one. Another tenant never gets this job."""
    async with worker_with(settings, dairy):
        first = await client.categorize("Milk", LABELS)
        again = await client.categorize("Milk", LABELS, request_id="another")
        fresh = await client.categorize("Milk", LABELS, fresh=True)
        other = await client.categorize("Milk", LABELS, tenant_id="other")

    assert again.metadata.job_id == first.metadata.job_id
    assert again.metadata.replayed
    assert again.request_id == "another"
    ids = {first.metadata.job_id, fresh.metadata.job_id, other.metadata.job_id}
    assert len(ids) == 3


async def test_a_failed_job_is_never_joined(client: AsyncServiceClient, settings: Settings) -> None:
    """The same request makes a new job."""
    async with worker_with(settings, raising(NoTextFound())):
        for _ in range(2):
            with pytest.raises(NoTextFound):
                await client.categorize("Milk", LABELS)

    assert len((await client.jobs(status="failed")).jobs) == 2


async def test_a_job_is_accepted_while_the_broker_is_away_and_runs_when_it_is_back(
    settings: Settings, client: AsyncServiceClient
) -> None:
    """The row waits, and a worker publishes its message."""
    deaf = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_client(deaf) as without_broker:
        job = await without_broker.submit("categorization", ITEM)
    assert (job.status, job.dispatch) == (JobStatus.QUEUED, "deferred")

    async with worker_with(settings, dairy):
        done = await client.await_job(job.id, within=20)

    assert (done.status, done.dispatch) == (JobStatus.SUCCEEDED, "published")


async def test_without_a_database_nothing_is_accepted(settings: Settings) -> None:
    """The answer is a 503: an accepted job could not be stored."""
    gone = settings.model_copy(update={"database_url": nowhere("postgresql")})
    async with front_client(gone) as client:
        with pytest.raises(DatabaseUnavailable) as refused:
            await client.submit("categorization", ITEM)

    problem = refused.value.problem
    assert (problem["status"], problem["error"]) == (503, "database_unavailable")
    assert problem["retryable"]
