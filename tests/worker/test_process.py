"""A worker process that is stopped or killed leaves nothing behind."""

import json
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
from tests.support.processes.alive import is_alive
from tests.support.processes.wire import wired
from tests.support.runners import ITEM
from tests.support.waiting import wait_until


@pytest.fixture
def process(settings: Settings) -> Iterator[psutil.Process]:
    """Worker with real engines that serves the test's queues."""
    env = {**_env(settings), "SHUTDOWN_GRACE": "0", "RECEIPT_SLOTS": "1"}
    with stack.worker(env) as started:
        yield psutil.Process(started.pid)


async def test_sigterm_releases_the_running_job_and_leaves_no_process(
    process: psutil.Process, client: AsyncServiceClient, receipt_png: bytes
) -> None:
    """A rolling restart loses no job."""
    job = await client.submit_receipt(receipt_png)
    await wait_until(lambda: _is_running(client), "the job ran", within=30)
    family = [process, *process.children(recursive=True)]
    process.send_signal(signal.SIGTERM)
    await wait_until(lambda: not any(map(is_alive, family)), "every process ended", within=15)

    seen = await client.job(job.id)
    assert seen.status is JobStatus.QUEUED
    assert [attempt.outcome for attempt in seen.attempts] == [AttemptOutcome.RELEASED]


async def test_a_killed_worker_leaves_no_child(
    process: psutil.Process, client: AsyncServiceClient, receipt_png: bytes
) -> None:
    """A child would go on reading for nobody, and compete with those of the next worker."""
    await client.submit_receipt(receipt_png)
    await wait_until(lambda: _is_running(client), "the job ran", within=30)
    family = [process, *process.children(recursive=True)]
    assert len(family) > 1
    os.kill(process.pid, signal.SIGKILL)

    await wait_until(lambda: not any(map(is_alive, family)), "every process ended", within=5)


@pytest.mark.slow
async def test_sigterm_also_ends_a_worker_that_waits_for_its_database(tmp_path: Path) -> None:
    """During an outage, nobody has to kill a worker that is still starting."""
    log = tmp_path / "worker.log"
    env = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
        "FEATURE_LOADER": "tests.chaos.features:load",
        "WORKER_PORT": "0",
    }
    with stack.worker(env, log) as worker:
        waiting = "heartbeat.interrupted"
        await wait_until(lambda: waiting in log.read_text(), "a heartbeat failed", within=30)
        worker.send_signal(signal.SIGTERM)
        await wait_until(lambda: worker.poll() is not None, "the worker ended", within=10)

    assert worker.returncode == 0
    assert "Traceback" not in log.read_text()


async def test_sigterm_ends_a_worker_whose_servers_went_away_while_it_ran_a_job(
    settings: Settings, client: AsyncServiceClient, tmp_path: Path
) -> None:
    """The job can be neither released in Postgres nor given back to Redis."""
    log = tmp_path / "worker.log"
    async with (
        wired(settings.database_url.get_secret_value(), 5432) as (to_postgres, database_url),
        wired(settings.redis_url.get_secret_value(), 6379) as (to_redis, redis_url),
    ):
        env = {
            **_env(settings),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "FEATURE_LOADER": "tests.chaos.features:load",
            "WORKER_QUEUES": "items",
            "SHUTDOWN_GRACE": "0",
        }
        with stack.worker(env, log) as worker:
            await client.submit("categorization", {**ITEM, "item_name": "hung"})
            await wait_until(lambda: _is_running(client), "the job ran", within=30)
            await to_postgres.cut()
            await to_redis.cut()
            worker.send_signal(signal.SIGTERM)
            await wait_until(lambda: worker.poll() is not None, "the worker ended", within=20)

    assert worker.returncode == 0
    assert "Traceback" not in log.read_text()


async def test_later_signals_are_ignored_while_a_start_is_stopped(
    settings: Settings, tmp_path: Path
) -> None:
    """People press Ctrl-C twice, and a supervisor repeats SIGTERM."""
    log = tmp_path / "worker.log"
    env = {**_env(settings), "FEATURE_LOADER": "tests.support.processes.signalled_start:load"}
    with stack.worker(env, log) as worker:
        await wait_until(lambda: worker.poll() is not None, "the worker ended", within=30)

    levels = [json.loads(line)["level"] for line in log.read_text().splitlines()]
    assert worker.returncode == 0
    assert set(levels) == {"info"}


def _env(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "WORKER_PORT": "0",
    }


async def _is_running(client: AsyncServiceClient) -> bool:
    return bool((await client.jobs(status="running")).jobs)
