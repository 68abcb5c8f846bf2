"""The previous release runs on today's schema beside today's code, as in a rolling upgrade.

The file BEFORE names the commit of that release. Whoever releases a version updates it.
"""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus, JobView
from shared.local import stack
from shared.local.processes import free_port, running
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.callback_rows import ask, asked, deliveries
from tests.support.loading_worker import loading_worker
from tests.support.processes.code_before import extract, missing
from tests.support.runners import LABELS, Gate, dairy, worker_with
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs_program("git")


@pytest.fixture(scope="module")
def code_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source of the previous release."""
    if lacking := missing("release"):
        pytest.skip(lacking)
    return extract("release", tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def old_env(migrated: str, servers: stack.Servers) -> dict[str, str]:
    """The settings of the processes of the previous release, which are those of all tests here."""
    return {
        "DATABASE_URL": migrated,
        "REDIS_URL": servers.redis_url,
        "QUEUE_NAMESPACE": f"upgrade-{uuid4().hex[:6]}",
        "PORT": str(free_port()),
        "DRAIN_DELAY": "0",
        "WORKER_PORT": "0",
        "WORKER_QUEUES": "items",
        "SHUTDOWN_GRACE": "0",
        "FEATURE_LOADER": "tests.chaos.features:load",
    }


@pytest.fixture(scope="module")
def old_url(code_before: Path, old_env: dict[str, str], folder: Path) -> Iterator[str]:
    """The URL of a front of the previous release, which the tests share."""
    log = folder / "old-api.log"
    with running([sys.executable, "-m", "api"], env=old_env, cwd=code_before, log=log):
        yield f"http://127.0.0.1:{old_env['PORT']}"


@pytest.fixture
def settings(settings: Settings, old_env: dict[str, str]) -> Settings:
    """The settings of today's processes, which share the queues of the old ones."""
    return settings.model_copy(update={"queue_namespace": old_env["QUEUE_NAMESPACE"]})


@pytest.fixture
def old_worker(
    code_before: Path, old_env: dict[str, str], settings: Settings, folder: Path
) -> Iterator[ExitStack]:
    """A stack that stops a worker of the previous release when it is closed."""
    log = folder / "old-worker.log"
    with ExitStack() as worker:
        command = [sys.executable, "-m", "worker"]
        worker.enter_context(running(command, env=old_env, cwd=code_before, log=log))
        yield worker


@pytest.fixture
async def old_client(old_url: str, old_worker: ExitStack) -> AsyncIterator[AsyncServiceClient]:
    """A client of the old front, which already answers."""

    async def answers() -> bool:
        try:
            return (await http.get(f"{old_url}/health/live")).status_code == 200
        except httpx.TransportError:
            return False

    async with httpx.AsyncClient() as http:
        await wait_until(answers, "the old front answered", within=30)
    async with AsyncServiceClient(old_url, "tenant", retries=0) as client:
        yield client


async def test_old_and_new_do_each_others_jobs(
    settings: Settings,
    old_worker: ExitStack,
    old_client: AsyncServiceClient,
    client: AsyncServiceClient,
) -> None:
    """Callers get their results, whichever front accepts a job and whichever worker runs it."""
    by_old = [await _done(old_client, "noop 1"), await _done(client, "noop 2")]
    old_worker.close()
    async with worker_with(settings, dairy):
        by_new = await _done(old_client, "noop 3")

    assert [job.model_id for job in (*by_old, by_new)] == ["chaos", "chaos", "scripted"]
    assert {job.status for job in (*by_old, by_new)} == {JobStatus.SUCCEEDED}
    # Each front reads what the other accepted.
    assert (await client.job(by_new.id)).output_payload == by_new.output_payload
    assert (await old_client.job(by_old[1].id)).output_payload == by_old[1].output_payload


async def test_old_and_new_cancel_and_retry_each_others_jobs(
    settings: Settings,
    old_worker: ExitStack,
    old_client: AsyncServiceClient,
    client: AsyncServiceClient,
) -> None:
    """A cancellation stops the work, and a retry begins it again, whoever accepted and runs it."""
    by_old = [
        await _cancelled(old_client, client, "slow 60"),
        await _cancelled(client, old_client, "slow 60"),
    ]
    old_worker.close()
    gate = Gate()
    async with worker_with(settings, gate):
        by_new = await _cancelled(old_client, client, "held")
        gate.opened.set()
        again = [await client.retry(by_old[0].id), await old_client.retry(by_old[1].id)]
        done = [await client.await_job(job.id) for job in again]

    assert {job.status for job in (*by_old, by_new)} == {JobStatus.CANCELLED}
    assert {(job.status, job.model_id) for job in done} == {(JobStatus.SUCCEEDED, "scripted")}
    assert gate.stopped


async def test_the_end_of_a_job_on_an_old_worker_queues_its_callback(
    database: Database, old_client: AsyncServiceClient
) -> None:
    """The old worker knows no callbacks, but the trigger of the new schema does."""
    payload = {"item_name": "slow 1", "candidate_labels": LABELS}
    job = await old_client.submit("categorization", payload)
    await ask(database, job.id, asked())
    before = await deliveries(database, job.id)
    await old_client.await_job(job.id)

    assert before == []
    assert [delivery.event for delivery in await deliveries(database, job.id)] == ["job.succeeded"]


async def test_an_old_front_answers_while_a_new_worker_loads(
    settings: Settings,
    old_url: str,
    old_client: AsyncServiceClient,
    client: AsyncServiceClient,
) -> None:
    """A front of 0.1.0 shows `not_loaded` for `loading`, a status that it does not know."""
    async with httpx.AsyncClient(base_url=old_url) as http, loading_worker(settings):
        await wait_until(lambda: _both_reported(client), "both workers reported", within=30)
        now = await client.ready()
        ready, composite = await http.get("/health/ready"), await http.get("/health_check")

    assert now.checks["classifier"].status == "loading"
    assert (ready.status_code, composite.status_code) == (200, 200)
    engines = composite.json()["services"]["ai_service"]["engines"]
    assert engines["classifier"]["status"] == engines["ocr"]["status"] == "not_loaded"
    assert ready.json()["checks"]["workers"]["alive"] == 2


@pytest.mark.parametrize(
    ("module", "name", "payload"),
    [
        (
            "categories",
            "CategorizeBatchPayload",
            {"items": ["Milk", ""], "candidate_labels": LABELS},
        ),
        ("embeddings", "EmbedPayload", {"texts": ["milk", {"id": "b", "text": "x" * 5001}]}),
    ],
)
def test_an_old_worker_reads_a_batch_with_a_bad_entry(
    code_before: Path, module: str, name: str, payload: dict[str, Any]
) -> None:
    """The stored batch has only the good entries where an old worker looks for entries."""
    today = import_module(f"shared.contracts.{module}")
    stored = getattr(today, name).model_validate(payload).model_dump_json()
    reading = (
        f"import sys; from shared.contracts.{module} import {name};"
        f"print({name}.model_validate_json(sys.stdin.read()).model_dump_json())"
    )
    read = subprocess.run(
        [sys.executable, "-c", reading],
        cwd=code_before, input=stored, capture_output=True, text=True, check=True,
    )  # fmt: skip

    kept = json.loads(stored)
    assert len(kept.pop("errors")) == 1
    assert json.loads(read.stdout) == kept


async def _done(client: AsyncServiceClient, name: str) -> JobView:
    payload = {"item_name": name, "candidate_labels": LABELS}
    job = await client.submit("categorization", payload)
    return await client.await_job(job.id)


async def _cancelled(
    submits: AsyncServiceClient, cancels: AsyncServiceClient, name: str
) -> JobView:
    """Submit a job through one front, and cancel it through another while it runs."""
    job = await submits.submit("categorization", {"item_name": name, "candidate_labels": LABELS})

    async def runs() -> bool:
        return (await submits.job(job.id)).status == JobStatus.RUNNING

    await wait_until(runs, "the job ran", within=30)
    await cancels.cancel(job.id)
    return await submits.await_job(job.id)


async def _both_reported(client: AsyncServiceClient) -> bool:
    return (await client.ready()).checks["workers"].alive == 2
