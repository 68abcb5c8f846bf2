"""Repeating calls: a failure that may pass is waited out, any other is raised at once."""

import asyncio
import json
import logging
from typing import Any

import pytest

from shared.client import retries
from shared.client.errors import GatewayFailed, ServiceUnreachable
from shared.client.retries import FIRST_PAUSE, LONGEST_PAUSE, pause
from shared.errors import ErrorClass, ServiceError, Unavailable
from shared.local.processes import free_port
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server
from tests.support.runners import LABELS, Gate, worker_with
from tests.support.scripted_server import Act, html, ok, problem, scripted
from tests.support.waiting import wait_until

ALIVE = ok({"status": "ok"})
ENOUGH = problem(503, ErrorClass.UNAVAILABLE, "unavailable", retry_after=0)


async def test_passing_failures_are_waited_out(kind: Kind) -> None:
    """A missing answer, the error of a proxy and errors of the service may pass."""
    script: list[Act] = [
        "drop",
        html(502),
        problem(500, ErrorClass.TRANSIENT, "broker_unavailable"),
        ENOUGH,
        ALIVE,
    ]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        assert (await client.live()).status == "ok"

    assert len(server.seen) == 5


async def test_a_submission_keeps_its_key(kind: Kind) -> None:
    """If there is none, the client makes one, so that the second try finds the job of the first."""
    async with (
        scripted("drop", ENOUGH) as server,
        open_client(kind, server.url, retries=2) as client,
    ):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await client.submit("categorization", {})
        with pytest.raises(Unavailable):
            await client.submit("categorization", {}, idempotency_key="mine")
        with pytest.raises(Unavailable):
            await client.submit("categorization", {}, request_id="r-1")

    keys = [seen.headers.get("idempotency-key") for seen in server.seen]
    assert len(keys) == 12
    first, second, mine, none = (set(keys[at : at + 3]) for at in range(0, 12, 3))
    assert len(first) == len(second) == 1
    assert first != second
    assert (mine, none) == ({"mine"}, {None})
    assert {json.loads(seen.body).get("request_id") for seen in server.seen[9:]} == {"r-1"}


async def test_the_client_waits_as_long_as_the_service_says(kind: Kind) -> None:
    """The service says so in Retry-After."""
    busy = problem(503, ErrorClass.UNAVAILABLE, "unavailable", retry_after=1)
    async with scripted(busy, ALIVE) as server, open_client(kind, server.url) as client:
        await client.live()

    first, second = server.seen
    assert second.at - first.at >= 1


@pytest.mark.parametrize("tries", [1, 2, 3, 5, 6, 10_000])
def test_without_retry_after_the_pause_is_random_and_grows(tries: int) -> None:
    """With full jitter, the longest possible pause doubles each time, up to a limit."""
    pauses = [pause(ServiceUnreachable(), tries) for _ in range(200)]

    most = min(FIRST_PAUSE * 2 ** min(tries - 1, 9), LONGEST_PAUSE)
    assert 0 <= min(pauses) < most / 4
    assert most * 3 / 4 < max(pauses) <= most


async def test_the_client_gives_up_after_the_last_retry(kind: Kind) -> None:
    """The last failure is raised."""
    async with scripted(ENOUGH) as server, open_client(kind, server.url, retries=2) as client:
        with pytest.raises(Unavailable) as caught:
            await client.live()

    assert len(server.seen) == 3
    assert caught.value.problem["error"] == "unavailable"


@pytest.mark.parametrize(
    "options",
    [{"retries": 0}, {"retry_budget": 0}, {"retry_budget": 5}],
    ids=["no retries", "no budget", "a budget that the pause would exceed"],
)
async def test_no_try_begins_beyond_the_budget(kind: Kind, options: dict[str, Any]) -> None:
    """If the pause would exceed the budget, the error is raised without waiting."""
    busy = problem(503, ErrorClass.UNAVAILABLE, "unavailable", retry_after=6)
    async with scripted(busy) as server, open_client(kind, server.url, **options) as client:
        with pytest.raises(Unavailable) as caught:
            await client.live()

    assert len(server.seen) == 1
    assert caught.value.retry_after == 6


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (422, ErrorClass.BAD_INPUT),
        (504, ErrorClass.TIMEOUT),
        (500, ErrorClass.CRASHED),
        (409, ErrorClass.CANCELLED),
        (500, ErrorClass.BUG),
        (429, ErrorClass.UNAVAILABLE),
    ],
)
async def test_a_failure_that_will_not_pass_is_raised_at_once(
    kind: Kind, status: int, error_class: ErrorClass
) -> None:
    """Other classes are not repeated, nor are statuses below 500."""
    final = problem(status, error_class, "final", retry_after=0)
    async with scripted(final) as server, open_client(kind, server.url) as client:
        with pytest.raises(ServiceError):
            await client.live()

    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("call", "subject"),
    [
        ("categorize_batch", ["Milk"]),
        ("read_receipt", b"x"),
        ("upload_receipt", b"x"),
    ],
)
@pytest.mark.parametrize(
    ("options", "tries"),
    [({}, 2), ({"fresh": True}, 1), ({"fresh": True, "idempotency_key": "k"}, 2)],
    ids=["found by content", "fresh", "fresh with a key"],
)
async def test_fresh_work_is_never_done_twice(
    kind: Kind, call: str, subject: Any, options: dict[str, object], tries: int
) -> None:
    """A second try without a key would make a second fresh job."""
    busy = html(503, **{"Retry-After": "0"})
    async with scripted(busy) as server, open_client(kind, server.url, retries=1) as client:
        with pytest.raises(GatewayFailed):
            await getattr(client, call)(subject, candidate_labels=LABELS, **options)

    assert len(server.seen) == tries
    fresh = [b'"fresh": true' in seen.body or b'"fresh":true' in seen.body for seen in server.seen]
    assert fresh == ["fresh" in options] * tries


async def test_a_call_whose_job_is_still_running_finds_it_again(
    settings: Settings, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """A real front ends the call before the job ends, and the client calls again."""
    impatient = settings.model_copy(update={"answer_timeout": 0.1})
    gate = Gate()
    async with (
        worker_with(settings, gate),
        front_server(impatient) as url,
        open_client(kind, url) as client,
    ):
        call = asyncio.create_task(client.categorize("Milk", LABELS))
        await wait_until(lambda: _repeated(caplog, "still_running"), "the client tried again")
        gate.opened.set()
        answer = await call

    assert answer.payload is not None
    assert answer.metadata.replayed
    assert gate.runs == 1


async def test_a_service_that_starts_late_is_waited_for(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """At first nobody listens at the URL."""
    port = free_port()
    async with open_client(kind, f"http://127.0.0.1:{port}", retries=10) as client:
        call = asyncio.create_task(client.live())
        await wait_until(lambda: _repeated(caplog, "service_unreachable"), "the client tried")
        async with scripted(ALIVE, port=port):
            assert (await call).status == "ok"


def _repeated(caplog: pytest.LogCaptureFixture, error: str) -> bool:
    return any(
        record.getMessage().startswith("call.repeated: ") and vars(record)["error"] == error
        for record in caplog.records
        if record.name == retries.__name__
    )


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    """Keep the lines about repeated calls, which a program shows if it wants to."""
    caplog.set_level(logging.INFO, retries.__name__)
