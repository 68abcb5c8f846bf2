"""A front that gets SIGTERM reports it, refuses new work, dismisses waiting callers, and ends."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from shared.local import stack
from shared.local.processes import free_port
from shared.settings import Settings
from tests.support.runners import ITEM
from tests.support.waiting import wait_until

JOB = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}


@dataclass(frozen=True)
class Served:
    """A front in a process, and an HTTP client of it."""

    process: stack.Popen
    http: httpx.Client


@pytest.fixture
def front(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A front whose DRAIN_DELAY, in seconds, is the parameter."""
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "DRAIN_DELAY": request.param,
    }
    port = free_port()
    with (
        stack.front(env, port) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        yield Served(process, http)


@pytest.mark.parametrize("front", ["4"], indirect=True)
async def test_a_front_drains_before_it_closes(front: Served) -> None:
    """New work, waiting callers and new listeners get 503, and streams end. Existing jobs can
    still be read."""
    job = front.http.post("/api/v1/jobs", json=JOB).json()
    events = f"/api/v1/jobs/{job['id']}/events?tenant_id=t"
    with ThreadPoolExecutor() as threads, front.http.stream("GET", events) as stream:
        waiting = threads.submit(
            front.http.get, f"/api/v1/jobs/{job['id']}", params={"tenant_id": "t", "wait": 20}
        )
        # The waiting call is under way once the front has read the job for it.
        await wait_until(waiting.running, "the call began")
        front.http.get("/health/live")
        front.process.send_signal(signal.SIGTERM)
        sent_away = waiting.result()
        streamed = stream.read().decode()
    ready = front.http.get("/health/ready")
    refused = front.http.post("/api/v1/jobs", json={**JOB, "request_id": "another"})
    deaf = front.http.get(events)
    read = front.http.get(f"/api/v1/jobs/{job['id']}", params={"tenant_id": "t"})

    assert (sent_away.status_code, sent_away.json()["error"]) == (503, "draining")
    assert sent_away.headers["Retry-After"]
    assert streamed.count("event: job") == 1
    assert (deaf.status_code, deaf.json()["error"]) == (503, "draining")
    assert (ready.status_code, ready.json()["status"]) == (503, "error")
    assert (refused.status_code, refused.json()["error"]) == (503, "draining")
    assert (read.status_code, read.json()["status"]) == (200, "queued")
    assert front.process.wait(20) == 0


@pytest.mark.parametrize("front", ["0"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_front_without_a_delay_ends_at_once(front: Served, number: signal.Signals) -> None:
    """In development somebody waits for the reload."""
    assert front.http.get("/health").status_code == 200
    front.process.send_signal(number)

    assert front.process.wait(10) == 0
