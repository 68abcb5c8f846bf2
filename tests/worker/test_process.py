"""A worker as a process: told to stop, killed, and what is left of it then (nothing)."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.local import stack
from shared.settings import Settings
from tests.support.fronts import nowhere
from tests.support.waiting import wait_until


@pytest.fixture
def process(settings: Settings) -> Iterator[psutil.Process]:
    """A worker with real engines that serves the test's queues."""
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "SHUTDOWN_GRACE": "0",
        "RECEIPT_SLOTS": "1",
        "WORKER_PORT": "0",
    }
    with stack.worker(env) as started:
        yield psutil.Process(started.pid)


async def test_sigterm_puts_the_running_job_back_and_leaves_nothing(
    process: psutil.Process, client: AsyncServiceClient, receipt_png: bytes
) -> None:
    """A rolling restart loses nothing."""
    job = await client.submit_receipt(receipt_png)
    await wait_until(lambda: _is_running(client), "the job ran", within=30)
    family = [process, *process.children(recursive=True)]
    process.send_signal(signal.SIGTERM)
    await wait_until(lambda: not any(map(_lives, family)), "all of it was gone", within=15)

    seen = await client.job(job.id)
    assert seen.status is JobStatus.QUEUED
    assert [attempt.outcome for attempt in seen.attempts] == [AttemptOutcome.RELEASED]


async def test_a_killed_worker_leaves_no_child(
    process: psutil.Process, client: AsyncServiceClient, receipt_png: bytes
) -> None:
    """They would read on for nobody, and a new worker would stand beside them."""
    await client.submit_receipt(receipt_png)
    await wait_until(lambda: _is_running(client), "the job ran", within=30)
    family = [process, *process.children(recursive=True)]
    assert len(family) > 1
    os.kill(process.pid, signal.SIGKILL)

    await wait_until(lambda: not any(map(_lives, family)), "all of it was gone", within=5)


async def test_sigterm_also_ends_a_worker_that_waits_for_its_database(tmp_path: Path) -> None:
    """Nobody has to kill a worker that has not started yet, as in an outage."""
    log = tmp_path / "worker.log"
    env = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
        "FEATURE_LOADER": "tests.chaos.features:load",
        "WORKER_PORT": "0",
    }
    with stack.worker(env, log) as worker:
        await wait_until(lambda: "heartbeat.interrupted" in log.read_text(), "a beat", within=30)
        worker.send_signal(signal.SIGTERM)
        await wait_until(lambda: worker.poll() is not None, "the worker ended", within=10)

    assert worker.returncode == 0
    assert "Traceback" not in log.read_text()


async def _is_running(client: AsyncServiceClient) -> bool:
    return bool((await client.jobs(status="running")).jobs)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
