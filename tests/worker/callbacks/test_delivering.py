"""Callbacks from the end of a job to their receiver, through a front and a worker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func

from shared.rejections import NoTextFound
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.callback_rows import add_job, asked, change_deliveries, end
from tests.support.callbacks import SECRETS, verified, with_callbacks
from tests.support.fronts import front_http
from tests.support.runners import ITEM, dairy, raising, worker_with
from tests.support.scripted_server import Reply, scripted
from tests.support.waiting import wait_until

TENANT = {"X-Tenant-ID": "t"}


@pytest.fixture
async def calling(settings: Settings) -> Settings:
    """Settings under which callbacks reach this machine."""
    return with_callbacks(settings)


@pytest.fixture
async def http(calling: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a front that takes callbacks."""
    async with front_http(calling) as http:
        yield http


async def submit(http: httpx.AsyncClient, url: str, **callback: Any) -> str:
    """Submit a job with a callback; return its id."""
    answer = await http.post(
        "/api/v1/jobs",
        json={
            "tenant_id": "t",
            "user_id": "u",
            "request_id": "r",
            "feature": "categorization",
            "payload": ITEM,
            "callback": {"url": url, **callback},
        },
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def listed(http: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]]:
    """Return the deliveries of the only callback of a job, as the front lists them."""
    answer = await http.get(f"/api/v1/jobs/{job_id}/callbacks", headers=TENANT)
    (callback,) = answer.json()["callbacks"]
    return list(callback["deliveries"])


async def until_status(http: httpx.AsyncClient, job_id: str, status: str) -> dict[str, Any]:
    """Wait until the only delivery of a job has a status, and return it."""

    async def reached() -> bool:
        return [row["status"] for row in await listed(http, job_id)] == [status]

    await wait_until(reached, f"the delivery was {status}")
    (delivery,) = await listed(http, job_id)
    return delivery


async def test_a_receiver_hears_of_the_end_of_a_job(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    """The body names the job, and either key verifies it."""
    async with scripted(Reply(204)) as receiver, worker_with(calling, dairy):
        job_id = await submit(http, f"{receiver.url}/hook")
        delivery = await until_status(http, job_id, "delivered")
        job = (await http.get(f"/api/v1/jobs/{job_id}", headers=TENANT)).json()

    (seen,) = receiver.seen
    body = verified(seen, SECRETS[0])
    assert body == verified(seen, SECRETS[1])
    assert body == {
        "type": "job.succeeded",
        "timestamp": job["finished_at"],
        "data": {
            **{name: job[name] for name in ("tenant_id", "user_id", "request_id", "feature")},
            "job_id": job_id,
            "status": "succeeded",
            "finished_at": job["finished_at"],
            "trace_id": job["trace_id"],
            "error": None,
            "output_payload": None,
        },
    }
    assert seen.headers["webhook-id"] == delivery["id"]
    assert seen.headers["traceparent"].split("-")[1] == job["trace_id"]
    assert seen.headers["user-agent"].startswith("grocery-planner-ai/")
    assert (delivery["attempts"], delivery["last_status"], delivery["due_at"]) == (1, 204, None)
    assert delivery["delivered_at"] is not None


async def test_the_output_is_sent_if_it_was_asked_for(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    async with scripted(Reply(200)) as receiver, worker_with(calling, dairy):
        job_id = await submit(http, receiver.url, include_output=True)
        await until_status(http, job_id, "delivered")
        job = (await http.get(f"/api/v1/jobs/{job_id}", headers=TENANT)).json()

    data: Any = verified(receiver.seen[0])["data"]
    assert data["output_payload"] == job["output_payload"]


async def test_the_error_of_a_failed_job_is_sent(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    async with (
        scripted(Reply(200)) as receiver,
        worker_with(calling, raising(NoTextFound())),
    ):
        job_id = await submit(http, receiver.url, include_output=True)
        await until_status(http, job_id, "delivered")

    body: Any = verified(receiver.seen[0])
    assert (body["type"], body["data"]["status"]) == ("job.failed", "failed")
    assert body["data"]["error"]["code"] == "no_text_found"
    assert body["data"]["output_payload"] is None


async def test_a_job_that_a_front_cancels_is_heard_of(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    """The job never reaches a worker, but the delivery does."""
    async with scripted(Reply(200)) as receiver:
        job_id = await submit(http, receiver.url)
        await http.post(f"/api/v1/jobs/{job_id}/cancel", headers=TENANT)
        async with worker_with(calling, dairy):
            await until_status(http, job_id, "delivered")

    assert verified(receiver.seen[0])["type"] == "job.cancelled"


async def test_a_failed_attempt_is_repeated(calling: Settings, http: httpx.AsyncClient) -> None:
    """Every attempt has the same id and body, so that a receiver can recognise it."""
    async with (
        scripted("drop", Reply(500), Reply(302), Reply(200)) as receiver,
        worker_with(calling, dairy),
    ):
        job_id = await submit(http, receiver.url)
        delivery = await until_status(http, job_id, "delivered")

    assert len(receiver.seen) == delivery["attempts"] == 4
    assert {seen.headers["webhook-id"] for seen in receiver.seen} == {delivery["id"]}
    assert len({seen.body for seen in receiver.seen}) == 1
    assert (delivery["last_status"], delivery["last_error"]) == (200, None)


async def test_a_dead_delivery_is_sent_again_by_hand(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    """A receiver that answers 410 wants no further attempt, until somebody has repaired it."""
    async with scripted(Reply(410), Reply(200)) as receiver, worker_with(calling, dairy):
        job_id = await submit(http, receiver.url)
        dead = await until_status(http, job_id, "dead")
        path = f"/api/v1/jobs/{job_id}/callbacks/{dead['id']}/redeliver"
        again = await http.post(path, headers=TENANT)
        delivery = await until_status(http, job_id, "delivered")

    assert (dead["last_status"], dead["last_error"]) == (410, "The receiver answered 410.")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    assert (delivery["id"], delivery["attempts"]) == (dead["id"], 1)


async def test_a_receiver_that_hangs_delays_no_other(
    calling: Settings, http: httpx.AsyncClient, database: Database
) -> None:
    """The host that hangs has a backlog, and holds no more than its share of the slots."""
    async with scripted("silence") as hanging, scripted(Reply(200)) as receiver:
        stuck = f"http://localhost:{urlsplit(hanging.url).port}/"
        jobs = [await add_job(database, asked(stuck, host="localhost")) for _ in range(10)]
        for job in jobs:
            await end(database, job)
        async with worker_with(calling, dairy):
            await wait_until(lambda: len(hanging.seen) == 4, "four requests hung")
            job_id = await submit(http, receiver.url)
            await until_status(http, job_id, "delivered")

            assert len(hanging.seen) == 4


async def test_a_receiver_that_answers_has_the_slots_that_nobody_needs(
    calling: Settings, database: Database
) -> None:
    """The first answer shows that it lives. A reserve stays free for other hosts."""
    async with scripted(Reply(200), "silence") as receiver:
        for _ in range(30):
            await end(database, await add_job(database, asked(receiver.url, host="127.0.0.1")))
        async with worker_with(calling, dairy):
            await wait_until(lambda: len(receiver.seen) >= 25, "the host had 24 more slots")

            assert len(receiver.seen) == 25


async def test_a_worker_that_stops_leaves_its_requests_to_others(
    calling: Settings, http: httpx.AsyncClient
) -> None:
    """Another worker need not wait until the claim ends."""
    async with scripted("silence", Reply(200)) as receiver:
        async with worker_with(calling, dairy):
            job_id = await submit(http, receiver.url)
            await wait_until(lambda: bool(receiver.seen), "the request hung")
        async with worker_with(calling, dairy):
            delivery = await until_status(http, job_id, "delivered")

    assert delivery["attempts"] == 2


async def test_a_worker_that_died_is_replaced_when_its_claim_ends(
    calling: Settings, http: httpx.AsyncClient, database: Database
) -> None:
    async with scripted(Reply(200)) as receiver:
        job_id = await submit(http, receiver.url)
        await http.post(f"/api/v1/jobs/{job_id}/cancel", headers=TENANT)
        # A worker has claimed it and died, half a second before the claim ends.
        soon = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, 0.5)
        await change_deliveries(database, attempts=1, due_at=soon)
        async with worker_with(calling, dairy):
            delivery = await until_status(http, job_id, "delivered")

    assert (delivery["attempts"], len(receiver.seen)) == (2, 1)


async def test_a_delivery_waits_until_callbacks_are_on(
    settings: Settings, calling: Settings, http: httpx.AsyncClient
) -> None:
    """A worker without CALLBACK_HOSTS does nothing about callbacks, and nothing is lost."""
    async with scripted(Reply(200)) as receiver:
        job_id = await submit(http, receiver.url)
        async with worker_with(settings, dairy):
            await wait_until(lambda: _ended(http, job_id), "the job ended")
            running = {task.get_name() for task in asyncio.all_tasks()}
        (waiting,) = await listed(http, job_id)
        async with worker_with(calling, dairy):
            await until_status(http, job_id, "delivered")

    assert "reconciler" in running
    assert "callbacks" not in running
    assert (waiting["status"], waiting["attempts"]) == ("pending", 0)


async def _ended(http: httpx.AsyncClient, job_id: str) -> bool:
    return bool(await listed(http, job_id))
