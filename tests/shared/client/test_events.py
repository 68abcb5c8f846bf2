"""Listening to a job, over streams that end, break, or hold something odd."""

import json
from dataclasses import replace
from math import inf
from typing import Any
from uuid import uuid4

import pytest

from shared.client.errors import NotDoneInTime, ServiceUnreachable, UnexpectedAnswer
from shared.client.listening import EventParser, ServerEvent
from shared.contracts.events import JobEvent, StageEvent
from shared.errors import ErrorClass
from shared.rejections import JobNotFound
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import nowhere
from tests.support.scripted_server import Act, Reply, html, problem, scripted

JOB_ID = uuid4()
EVENTS = f"/api/v1/jobs/{JOB_ID}/events"
# Heartbeats are comments, and the service says how long to wait before connecting again.
HEAD = ": connected\r\nretry: 10\r\n\r\n"


def job(status: str, event_id: str) -> str:
    """Return an event of the state of the job, as it is sent."""
    data = {
        "job_id": str(JOB_ID),
        "status": status,
        "attempt": 1,
        "error": None,
        "created_at": "2026-03-14T12:00:00Z",
        "started_at": None,
        "finished_at": None,
        "added_later": True,
    }
    return f"event: job\r\nid: {event_id}\r\ndata: {json.dumps(data)}\r\n\r\n"


STAGE = (
    "event: stage\r\ndata: "
    + json.dumps(
        {"job_id": str(JOB_ID), "attempt": 1, "stage": "ocr", "at": "2026-03-14T12:00:01Z"}
    )
    + "\r\n\r\n"
)
RUNNING, ENDED = job("running", "1.1.0"), job("succeeded", "1.1.2")


def stream(*events: str, **headers: str) -> Reply:
    """Return a stream of events that ends after them."""
    kind = {"Content-Type": "text/event-stream; charset=utf-8"}
    return Reply(200, "".join((HEAD, *events)), {**kind, **headers})


async def test_events_are_typed_and_end_with_the_job(kind: Kind) -> None:
    """Nothing that comes after the end is waited for, and unknown kinds of events are skipped."""
    unknown = "event: mood\r\ndata: {}\r\n\r\n"
    # The service would send more, which the client does not wait for.
    act = stream(RUNNING, STAGE, unknown, ENDED, **{"Content-Length": "9999"})
    async with scripted(act) as server, open_client(kind, server.url) as client:
        events = [event async for event in client.events(JOB_ID, inf, tenant_id="other")]

    assert [type(event) for event in events] == [JobEvent, StageEvent, JobEvent]
    (seen,) = server.seen
    assert (seen.path, seen.query) == (EVENTS, {"tenant_id": ["other"]})
    assert seen.headers["accept"] == "text/event-stream"
    assert "last-event-id" not in seen.headers


async def test_a_stream_that_breaks_is_opened_again_where_it_was(kind: Kind) -> None:
    """The newest id that was complete is sent along, so that nothing is missed or comes twice."""
    cut = ENDED[: ENDED.index("data")]
    script: list[Act] = [
        html(502),
        stream(RUNNING, STAGE),
        "drop",
        stream(STAGE, cut),
        stream(job("queued", "1.1.1"), **{"Content-Length": "9999"}),
        problem(503, ErrorClass.UNAVAILABLE, "draining", retry_after=0),
        stream(ENDED),
    ]
    async with scripted(*script) as server, open_client(kind, server.url, retries=0) as client:
        events = [event async for event in client.events(JOB_ID)]

    states = [event.status for event in events if isinstance(event, JobEvent)]
    assert states == ["running", "queued", "succeeded"]
    ids = [seen.headers.get("last-event-id") for seen in server.seen]
    assert ids == [None, None, "1.1.0", "1.1.0", "1.1.0", "1.1.1", "1.1.1"]


ODD: dict[str, tuple[Act, type[Exception]]] = {
    "no such job": (problem(404, ErrorClass.BAD_INPUT, "job_not_found"), JobNotFound),
    "another site": (html(200), UnexpectedAnswer),
    "another contract": (stream("event: job\r\ndata: {}\r\n\r\n"), UnexpectedAnswer),
}


@pytest.mark.parametrize(("act", "raised"), ODD.values(), ids=ODD)
async def test_an_error_that_will_not_pass_is_raised_at_once(
    kind: Kind, act: Act, raised: type[Exception]
) -> None:
    """Connecting again would bring the same."""
    async with scripted(act) as server, open_client(kind, server.url) as client:
        with pytest.raises(raised):
            [event async for event in client.events(JOB_ID)]

    assert len(server.seen) == 1


@pytest.mark.parametrize("act", [stream(RUNNING), "silence"], ids=["ends early", "silent"])
async def test_the_client_gives_up_on_a_job_that_takes_too_long(kind: Kind, act: Act) -> None:
    """The error is that of `await_job`."""
    async with scripted(act) as server, open_client(kind, server.url) as client:
        with pytest.raises(NotDoneInTime, match=r"within 0\.3 s"):
            [event async for event in client.events(JOB_ID, within=0.3)]


async def test_time_is_up_while_a_stream_is_open(kind: Kind) -> None:
    """The time that is left ends a wait for the next event, and does not begin again with each
    event: then the reason would be a timeout of httpx."""
    act = replace(stream(RUNNING, **{"Content-Length": "9999"}), keep=True)
    async with scripted(act) as server, open_client(kind, server.url) as client:
        with pytest.raises(NotDoneInTime, match=r"within 0\.3 s, and continues") as caught:
            [event async for event in client.events(JOB_ID, within=0.3)]

    assert caught.value.__cause__ is None
    assert len(server.seen) == 1


async def test_a_service_that_is_away_is_named_as_the_reason(kind: Kind) -> None:
    """Nobody listens at the URL."""
    async with open_client(kind, nowhere("http").get_secret_value()) as client:
        with pytest.raises(NotDoneInTime, match="ConnectError") as caught:
            [event async for event in client.events(JOB_ID, within=0.3)]

    assert isinstance(caught.value.__cause__, ServiceUnreachable)


# Streams with the events that the HTML standard sees in them.
STREAMS: list[tuple[str, list[Any]]] = [
    ("data: a\n\ndata: b\r\rdata: c\r\n\r\n", [("", b"a"), ("", b"b"), ("", b"c")]),
    ("event: x\ndata: a\ndata:  b\ndata\n\n", [("x", b"a\n b\n")]),
    (":\n: beat\n\nevent: lost\n\ndata:a\nunknown: 1\n\n", [("", b"a")]),
    ('data: "\u2028\x85"\n\n', [("", '"\u2028\x85"'.encode())]),
    ("data: never complete\n", []),
]


@pytest.mark.parametrize(("text", "expected"), STREAMS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_stream_may_come_in_pieces_of_any_size(text: str, expected: list[Any], size: int) -> None:
    """Line breaks are those of the standard only, and each may be cut in two."""
    parser, raw = EventParser(), text.encode()

    found = [event for at in range(0, len(raw), size) for event in parser.feed(raw[at : at + size])]

    assert found == [ServerEvent(*event) for event in expected]


def test_odd_fields_are_ignored() -> None:
    """An id with a null byte and a pause that is no number change nothing."""
    parser = EventParser()
    sent = b"id: 1\nretry: 250\ndata: a\n\nid: \0\nretry: soon\ndata: b\n\nid: 3\ndata: c\n"

    assert [event.data for event in parser.feed(sent)] == [b"a", b"b"]
    assert (parser.last_id, parser.pause) == ("1", 0.25)
