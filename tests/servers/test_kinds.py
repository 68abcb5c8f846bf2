"""The service behind servers as people run them: what it does, and what becomes of its jobs."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.client import AsyncServiceClient
from shared.contracts.events import StageEvent
from shared.contracts.jobs import JobStatus
from shared.local.receipt_image import DrawnReceipt
from shared.settings import Settings
from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import TENANT, Cluster
from tests.servers.kinds.kind import Kind
from tests.support.waiting import wait_until
from worker.cli.diagnosis.broker import check_broker
from worker.cli.diagnosis.database import check_database

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_program("tesseract")]
JOBS = 300


@pytest_asyncio.fixture(loop_scope="module")
async def client(behind: Cluster) -> AsyncIterator[AsyncServiceClient]:
    """A client of the front."""
    async with AsyncServiceClient(behind.url, TENANT, retries=0) as client:
        yield client


async def test_a_receipt_is_read(
    client: AsyncServiceClient, receipt_png: bytes, drawn: DrawnReceipt
) -> None:
    """Stages are heard of while a worker reads it, which only a subscription to Redis brings."""
    job = await client.submit_receipt(receipt_png)
    heard = [event async for event in client.events(job.id, 60)]

    read = await client.await_job(job.id, 60)
    assert read.output_payload is not None
    assert read.output_payload["extraction"]["merchant"]["name"] == drawn.merchant
    assert any(isinstance(event, StageEvent) for event in heard)


async def test_names_are_categorised_while_a_caller_waits(client: AsyncServiceClient) -> None:
    """The answer is that of a waiting call."""
    answer = await client.categorize("milk", ["Dairy"])

    assert answer.payload is not None
    assert answer.payload.category == "Dairy"


async def test_a_running_job_is_cancelled(client: AsyncServiceClient) -> None:
    """The worker that has it hears of that."""
    payload = {"item_name": "hung", "candidate_labels": ["Dairy"]}
    job = await client.submit("categorization", payload)

    async def runs() -> bool:
        return (await client.job(job.id)).status is JobStatus.RUNNING

    await wait_until(runs, "the job ran", 20, 0.05)
    await client.cancel(job.id)

    assert (await client.await_job(job.id, 30)).status is JobStatus.CANCELLED


async def test_doctor_finds_nothing_wrong(behind: Cluster) -> None:
    """All checks of both servers pass."""
    names = ("database_url", "redis_url", "queue_namespace", "database_pooler")
    known = {name: behind.env[name.upper()] for name in names if name.upper() in behind.env}
    settings = Settings.model_validate({**known, "environment": "test"})

    found = [*await check_database(settings), *await check_broker(settings)]

    assert [finding for finding in found if finding.status == "error"] == []


async def test_nothing_is_lost_when_a_server_is_harmed(behind: Cluster, kind: Kind) -> None:
    """Each of the jobs ends once, and every caller hears something in time."""
    async with calling(behind, "slow 0.1", count=10, pause=0.1):
        await behind.until("state = 'succeeded'", JOBS // 3)
        await kind.harm(behind)
        await behind.until("true", JOBS)
    await behind.all_finished()
    report = await audit(kind.name, behind, may_repeat=kind.may_repeat)

    assert report.accepted >= JOBS
    assert report.faults() == []
