"""Listening to a job: its states from the row, its stages from the worker, and the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from shared.client import AsyncServiceClient
from shared.contracts.events import StageEvent
from shared.local.processes import free_port
from shared.local.valkey import embedded_valkey
from shared.settings import Settings
from shared.store.hot.claiming import Claim
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger
from tests.shared.store.transitions.endings import succeed
from tests.support import holding
from tests.support.event_streams import Received, listening
from tests.support.fronts import front_server, nowhere
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.telemetry.metric_samples import samples
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ROUTE = "GET /api/v1/jobs/{job_id}/events 200"


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a front that listens on a port, since only that can stream."""
    async with front_server(settings) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield http


async def submit(http: httpx.AsyncClient) -> UUID:
    """Submit a job and return its id."""
    body = {"tenant_id": "tenant", "feature": "categorization", "payload": ITEM}
    return UUID((await http.post("/api/v1/jobs", json=body)).json()["id"])


async def claim(database: Database, job_id: UUID) -> Claim:
    """Claim a job as a worker that announces nothing."""
    async with database.transaction() as session:
        held = await holding.claim(session, job_id, dispatch=1, worker_id="w", lease=15)
    assert held is not None
    return held


async def end(database: Database, job_id: UUID, held: Claim | None = None) -> None:
    """End a job as that worker, which claims it first if it does not hold it."""
    held = held or await claim(database, job_id)
    async with database.transaction() as session:
        await succeed(session, held)


async def test_a_listener_sees_every_state_and_the_stages(
    served: httpx.AsyncClient, settings: Settings
) -> None:
    """The first worker shuts down while it runs the job, and the second one finishes it."""
    heard = asyncio.Event()

    async def run(work: Work) -> Product:
        # Workers learn that somebody listens within a second.
        async def heard_of_a_stage() -> bool:
            with work.recorder.measure("step"):
                return heard.is_set()

        await wait_until(heard_of_a_stage, "a stage was heard of", pause=0.02)
        return await dairy(work)

    job_id = await submit(served)
    states: list[Received] = []
    stages: list[Received] = []
    async with listening(served, job_id) as stream:
        states.append(await anext(stream.events))
        async with worker_with(settings, Gate()):
            states.append(await anext(stream.events))
        states.append(await anext(stream.events))
        async with worker_with(settings, run):
            async for event in stream.events:
                (stages if event.event == "stage" else states).append(event)
                if stages:
                    heard.set()

    assert [(event.id, event.data["status"], event.data["attempt"]) for event in states] == [
        ("1.0.1", "queued", 0),
        ("1.1.0", "running", 1),
        ("1.1.1", "queued", 1),
        ("1.2.0", "running", 2),
        ("1.2.2", "succeeded", 2),
    ]
    assert states[-1].data["finished_at"] > states[-1].data["started_at"]
    assert {event.data["job_id"] for event in states + stages} == {str(job_id)}
    assert {(event.id, event.data["stage"], event.data["attempt"]) for event in stages} == {
        (None, "step", 2)
    }


async def test_the_head_of_a_stream(served: httpx.AsyncClient) -> None:
    """Nothing on the way may keep or collect it, and it belongs to the caller's trace."""
    job_id = await submit(served)
    async with listening(
        served, job_id, traceparent=f"00-{TRACE_ID}-b7ad6b7169203331-01"
    ) as stream:
        head = stream.answer.headers
        began = await samples(served)
    async with listening(served, job_id) as untraced:
        assert "X-Trace-Id" not in untraced.answer.headers

    assert head["Content-Type"].startswith("text/event-stream")
    assert (head["Cache-Control"], head["X-Accel-Buffering"]) == ("no-store", "no")
    assert head["X-Trace-Id"] == TRACE_ID
    # The request is counted when the stream begins: how long it lasts is the job's matter.
    assert began[f"http_server_request_duration_seconds_count {ROUTE}"] == 1


async def test_nothing_remains_of_a_listener_who_went_away(
    served: httpx.AsyncClient, database: Database
) -> None:
    """The gauge shows how many are there."""

    async def listeners() -> float:
        return (await samples(served))["ai_event_listeners"]

    job_id = await submit(served)
    async with listening(served, job_id) as first, listening(served, job_id) as second:
        await anext(first.events)
        await anext(second.events)
        assert await listeners() == 2

    async def nobody_listens() -> bool:
        return await listeners() == 0

    await wait_until(nobody_listens, "the front noticed")


async def test_without_redis_the_end_is_still_seen(settings: Settings, database: Database) -> None:
    """A query once a second finds what nobody announced."""
    alone = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_server(alone) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
        job_id = await submit(http)
        async with listening(http, job_id) as stream:
            queued = await anext(stream.events)
            await end(database, job_id)
            rest = [event async for event in stream.events]

    assert (queued.data["status"], rest[-1].data["status"]) == ("queued", "succeeded")


async def test_a_stream_outlives_redis(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    """States come by the query while Redis is gone, and stages again when it is back."""
    port = free_port()
    redis = partial(embedded_valkey, tmp_path, port=port, password="redis")
    url = SecretStr(f"redis://:redis@127.0.0.1:{port}/0")
    own = settings.model_copy(update={"redis_url": url})
    messenger = Messenger(own)
    async with AsyncExitStack() as stack:
        with redis():
            front = await stack.enter_async_context(front_server(own))
            http = httpx.AsyncClient(base_url=front, timeout=20)
            await stack.enter_async_context(http)
            job_id = await submit(http)
            stream = await stack.enter_async_context(listening(http, job_id))
            states = [await anext(stream.events)]
        held = await claim(database, job_id)
        states.append(await anext(stream.events))
        with redis():
            heard = asyncio.ensure_future(anext(stream.events))
            stage = StageEvent(job_id=job_id, attempt=1, stage="step", at=held.started_at)

            async def reported() -> bool:
                await messenger.report([stage])
                return heard.done()

            await wait_until(reported, "the front had subscribed again", pause=0.1)
            await end(database, job_id, held)
            states += [event async for event in stream.events if event.event == "job"]
    await messenger.close()

    assert [event.data["status"] for event in states] == ["queued", "running", "succeeded"]
    assert heard.result().data["stage"] == "step"


@pytest.mark.parametrize(
    ("last_event_id", "seen"),
    [
        (None, ["1.1.2"]),
        ("1.1.0", ["1.1.2"]),
        ("no id of ours", ["1.1.2"]),
        ("1.1.2", None),
        ("1.2.0", ["1.1.2"]),
    ],
)
async def test_reconnecting_brings_the_current_state_unless_it_was_seen(
    client: AsyncServiceClient,
    http: httpx.AsyncClient,
    database: Database,
    last_event_id: str | None,
    seen: list[str] | None,
) -> None:
    """After the end there is nothing to come: an EventSource stops at 204.

    The row has never had a later state, unless the database lost it.
    """
    job = await client.submit("categorization", ITEM)
    await end(database, job.id)
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with listening(http, job.id, **headers) as stream:
        ids = [event.id async for event in stream.events]

    assert (stream.answer.status_code, ids) == ((200, seen) if seen else (204, []))


@pytest.mark.parametrize("tenant", ["tenant", "another"])
async def test_other_jobs_cannot_be_listened_to(
    client: AsyncServiceClient, http: httpx.AsyncClient, tenant: str
) -> None:
    """Another tenant's job is as unknown as one that does not exist."""
    job = await client.submit("categorization", ITEM)
    job_id = job.id if tenant == "another" else uuid4()
    async with listening(http, job_id, tenant) as stream:
        problem = (await stream.answer.aread()).decode()

    assert stream.answer.status_code == 404
    assert "job_not_found" in problem
