"""The service runs with a user of Redis that has only the rights which docs/stack.md names."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from arq.connections import ArqRedis
from pydantic import SecretStr

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.local.checkout import ROOT
from shared.settings import Settings
from shared.wire.broker import Broker
from shared.wire.connections import connect_for_polling
from shared.wire.messages import queue_key
from tests.support.fronts import front_client
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.waiting import wait_until
from worker.cli.diagnosis.broker import check_broker


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[ArqRedis]:
    """A client of Redis that may do everything."""
    redis = connect_for_polling(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
async def limited(settings: Settings, redis: ArqRedis) -> AsyncIterator[Settings]:
    """Settings with the user of the page, whose keys are those of this test's namespace."""
    page = (ROOT / "docs/stack.md").read_text()
    found = re.search(r"^ACL SETUSER grocery on >PASSWORD (.+)$", page, re.MULTILINE)
    assert found is not None
    namespace = settings.queue_namespace
    rights = found[1].replace("~ai:", f"~{namespace}:").replace("&ai:", f"&{namespace}:").split()
    name = f"user-{uuid4().hex[:8]}"
    await acl(redis, "SETUSER", name, "on", ">secret", *rights)
    parts = urlsplit(settings.redis_url.get_secret_value())
    netloc = f"{name}:secret@{parts.netloc.rpartition('@')[2]}"
    url = SecretStr(urlunsplit(parts._replace(netloc=netloc)))
    yield settings.model_copy(update={"redis_url": url, "rate_limit_token": "1000/hour"})
    await acl(redis, "DELUSER", name)


async def test_the_service_needs_no_other_rights(limited: Settings, redis: ArqRedis) -> None:
    """Jobs are submitted, run and cancelled, requests counted, Redis is repaired and cleared."""
    await acl(redis, "LOG", "RESET")
    await redis.set(queue_key(limited.queue_namespace, Queue.RECEIPTS), "of another program")
    gate = Gate()
    async with front_client(limited) as client:
        async with worker_with(limited, gate):
            running = await client.submit("categorization", ITEM, idempotency_key="1")
            await gate.begun.wait()
            await client.cancel(running.id)
            assert (await client.await_job(running.id, 20)).status is JobStatus.CANCELLED
        async with worker_with(limited, dairy):
            done = await client.submit("categorization", ITEM, idempotency_key="2")
            assert (await client.await_job(done.id, 20)).status is JobStatus.SUCCEEDED
            await wait_until_moved(redis, limited)
    broker = Broker(limited)
    counts = [await broker.counts(queue) for queue in Queue]
    for queue in Queue:
        await broker.clear(queue)
    await broker.close()

    assert [count.waiting for count in counts] == [0, 0]
    assert "error" not in {finding.status for finding in await check_broker(limited)}
    assert await acl(redis, "LOG") == []


async def acl(redis: ArqRedis, *arguments: str) -> Any:
    """Run a command about the rights of users."""
    return await redis.execute_command("ACL", *arguments)  # type: ignore[no-untyped-call]


async def wait_until_moved(redis: ArqRedis, settings: Settings) -> None:
    """Wait until the reconciler has moved aside what another program has put there."""
    key = queue_key(settings.queue_namespace, Queue.RECEIPTS)

    async def moved() -> bool:
        return not await redis.exists(key)

    await wait_until(moved, "the key was moved aside", 20)
