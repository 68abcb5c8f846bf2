"""Reading jobs: one or many, with and without waiting, and never those of another tenant."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from shared.client import AsyncServiceClient
from shared.client.errors import NotDoneInTime
from shared.contracts.jobs import JobStatus
from shared.rejections import JobNotFound
from shared.settings import Settings
from tests.api.bad_input.asking import assert_problem
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.telemetry.metric_samples import samples

_SOME_ID = str(uuid4())


def _cursor(created_at: str, job_id: str) -> str:
    """Encode a cursor as the service does."""
    return base64.urlsafe_b64encode(f"{created_at} {job_id}".encode()).decode()


async def test_another_tenants_job_does_not_exist(client: AsyncServiceClient, app: object) -> None:
    """The answer is the same as for an id that does not exist."""
    job = await client.submit("categorization", ITEM)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with AsyncServiceClient("http://localhost", "another", transport=transport) as other:
        with pytest.raises(JobNotFound) as not_ours:
            await other.job(job.id)
        with pytest.raises(JobNotFound) as nobodys:
            await other.job(uuid4())
        assert (await other.jobs()).jobs == []

    assert not_ours.value.problem["status"] == nobodys.value.problem["status"] == 404
    assert not_ours.value.detail == nobodys.value.detail


@pytest.mark.parametrize("path", ["/api/v1/jobs", f"/api/v1/jobs/{UUID(int=1)}"])
async def test_a_tenant_has_to_be_named(http: httpx.AsyncClient, path: str) -> None:
    """Naming two different tenants is refused too."""
    nobody = await http.get(path)
    two = await http.get(path, headers={"X-Tenant-ID": "a"}, params={"tenant_id": "b"})

    assert (nobody.status_code, nobody.json()["error"]) == (422, "tenant_required")
    assert (two.status_code, two.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "eaten"},
        {"feature": "divination"},
        {"since": "yesterday"},
        {"since": "2026-01-31T12:00:00"},
        {"cursor": "not a cursor"},
        {"cursor": "AAAA"},
        {"since": "0001-01-01T00:00:00+23:59"},
        {"since": "9999-12-31T23:59:59-23:59"},
        {"cursor": _cursor("2026-01-31T12:00:00", _SOME_ID)},
        {"cursor": _cursor("0001-01-01T00:00:00+23:59", _SOME_ID)},
        {"cursor": _cursor("2026-01-31T12:00:00Z", "no-id")},
        {"limit": "0"},
        {"limit": "101"},
        {"tenant_id": "a\x00b"},
    ],
)
async def test_invalid_filters_are_refused(http: httpx.AsyncClient, query: dict[str, str]) -> None:
    """The answer names the filter."""
    answer = await http.get("/api/v1/jobs", params={"tenant_id": "t", **query})

    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_request"
    assert next(iter(query)) in answer.json()["detail"].lower().replace("-", "_")


@pytest.mark.parametrize("job_id", ["17", "not-an-id", "%00"])
async def test_an_id_that_is_no_uuid_is_the_id_of_no_job(
    http: httpx.AsyncClient, job_id: str
) -> None:
    """Callers need not know what ids look like."""
    for method, call in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry")):
        path = f"/api/v1/jobs/{job_id}{call}"
        answer = await http.request(method, path, params={"tenant_id": "t"})

        assert_problem(answer, 404, "job_not_found")


@pytest.mark.parametrize("wait", ["-1", "31", "nan", "long"])
async def test_invalid_waits_are_refused(http: httpx.AsyncClient, wait: str) -> None:
    """A call may wait for 0 to 30 seconds."""
    answer = await http.get(f"/api/v1/jobs/{uuid4()}", params={"tenant_id": "t", "wait": wait})

    assert answer.status_code == 422


async def test_jobs_are_filtered_and_paged(client: AsyncServiceClient, settings: Settings) -> None:
    """Filters are by status, feature and time. A cursor continues where the page ended."""
    for _ in range(3):
        await client.submit("categorization", ITEM)
    await client.submit("embedding", {"texts": [{"id": 1, "text": "milk"}]})

    assert len((await client.jobs(feature="categorization")).jobs) == 3
    assert len((await client.jobs(feature="embedding_batch")).jobs) == 1
    assert len((await client.jobs(status="queued")).jobs) == 4
    assert (await client.jobs(status="failed")).jobs == []
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert (await client.jobs(since=later)).jobs == []

    seen, cursor = [], None
    while True:
        page = await client.jobs(limit=2, cursor=cursor)
        seen += [job.id for job in page.jobs]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 4


async def test_a_call_can_wait_for_the_end(client: AsyncServiceClient, settings: Settings) -> None:
    """A long poll answers when the job ends, not when the time is up."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        look = asyncio.create_task(client.job(job.id, wait=30))
        await gate.begun.wait()
        assert (await client.job(job.id)).status is JobStatus.RUNNING
        gate.opened.set()
        seen = await look

    assert seen.status is JobStatus.SUCCEEDED


async def test_a_call_that_waited_in_vain_returns_the_job_as_it_is(
    client: AsyncServiceClient,
) -> None:
    """Without a worker the job does not end."""
    job = await client.submit("categorization", ITEM)

    assert (await client.job(job.id, wait=0.05)).status is JobStatus.QUEUED
    with pytest.raises(NotDoneInTime):
        await client.await_job(job.id, within=0.05)


async def test_a_submission_can_prefer_to_wait(http: httpx.AsyncClient, settings: Settings) -> None:
    """The answer is 200 and the finished job if it ends in time, else 202."""
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    late = await http.post("/api/v1/jobs", json=body, headers={"Prefer": "wait=1"})
    async with worker_with(settings, dairy):
        done = await http.post(
            "/api/v1/jobs", json=body, headers={"Prefer": "respond-async, wait=100"}
        )

    assert (late.status_code, late.json()["status"]) == (202, "queued")
    assert (done.status_code, done.json()["status"]) == (200, "succeeded")
    assert done.headers["Preference-Applied"] == "wait=30"
    assert "Retry-After" not in done.headers


@pytest.mark.parametrize("prefer", ["wait=", "wait=x", "wait=-5", "return=minimal", "=,=", "wait"])
async def test_preferences_that_cannot_be_met_are_ignored(
    http: httpx.AsyncClient, prefer: str
) -> None:
    """RFC 7240 requires that a server ignore them."""
    body = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
    answer = await http.post("/api/v1/jobs", json=body, headers={"Prefer": prefer})

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


async def test_a_job_is_the_same_however_it_is_asked_for(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    """Plain requests take a quicker route, which metrics show under the same name."""
    job = await client.submit("categorization", ITEM)
    path, tenant = f"/api/v1/jobs/{job.id}", {"X-Tenant-ID": "tenant", "X-Request-ID": "r"}
    quick = [await http.get(path, headers=tenant, params=query) for query in ({}, {"wait": 0})]
    general = [
        await http.get(path, headers={"X-Request-ID": "r"}, params={"tenant_id": "tenant"}),
        await http.get(path, headers=tenant, params={"tenant_id": "tenant", "wait": "0.0"}),
        await http.get(path.upper().replace("/API/V1/JOBS", "/api/v1/jobs"), headers=tenant),
    ]
    counted = await samples(http)

    assert {answer.content for answer in quick + general} == {quick[0].content}
    heads = [{**answer.headers, "x-trace-id": ""} for answer in quick + general]
    assert heads == [heads[0]] * 5
    route = "GET /api/v1/jobs/{job_id} 200"
    assert counted[f"http_server_request_duration_seconds_count {route}"] == 5
