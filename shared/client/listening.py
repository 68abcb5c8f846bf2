"""Listening to a job: reads server-sent events, and decides when to connect again."""

import random
import re
import time
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from shared.client.calls.options import given
from shared.client.errors import NotDoneInTime, UnexpectedAnswer
from shared.client.http import EVENT_STREAM, Call
from shared.client.retries import pause, will_pass
from shared.contracts.events import JOB_EVENT, STAGE_EVENT, JobEvent, StageEvent
from shared.errors import ServiceError

# A service that is alive sends a heartbeat every 15 s; seconds.
_LONGEST_SILENCE = 45.0
# The pause before connecting again after a stream that ended by itself, unless it named another.
_PAUSE = 1.0
# A carriage return at the end may be the first half of a line break.
_LINE_BREAK = re.compile(rb"\r\n|\n|\r(?!\Z)")

_KINDS: dict[str, type[JobEvent | StageEvent]] = {JOB_EVENT: JobEvent, STAGE_EVENT: StageEvent}


class ServerEvent(NamedTuple):
    """One event of a stream, with its name and its data as they were sent."""

    name: str
    data: bytes


class EventParser:
    """Parses a stream of server-sent events, as the HTML standard has them.

    `last_id` is the id of the newest event that had one, and `pause` the seconds that the service
    asks to wait before connecting again.
    """

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.pause = _PAUSE
        self.restart()

    def restart(self) -> None:
        """Forget an event that was cut short, since a new connection begins."""
        self._rest = b""
        self._id = self.last_id
        self._name, self._data = "", list[bytes]()

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Yield the events that are complete with `chunk`."""
        *lines, self._rest = _LINE_BREAK.split(self._rest + chunk)
        for line in lines:
            if line:
                self._read(line)
                continue
            name, data = self._name, self._data
            self._name, self._data = "", []
            # Only now: an event that is cut short has to come again.
            self.last_id = self._id
            if data:
                yield ServerEvent(name, b"\n".join(data))

    def _read(self, line: bytes) -> None:
        """Read one field. A comment has an empty name, and is ignored as unknown fields are."""
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match field:
            case b"data":
                self._data.append(value)
            case b"event":
                self._name = value.decode(errors="replace")
            case b"id" if b"\0" not in value and value.isascii():
                self._id = value.decode()
            case b"retry" if value.isdigit() and len(value) < 7:
                self.pause = int(value) / 1000


class Listening:
    """One listener of one job, over as many connections as that takes."""

    def __init__(self, job_id: UUID, within: float, tenant_id: str | None) -> None:
        self._job_id = job_id
        self._within = within
        self._tenant_id = tenant_id
        self._deadline = time.monotonic() + within
        self._parser = EventParser()
        self._failures = 0
        self.ended = False

    def call(self) -> Call[JobEvent]:
        """Build the call that opens the next connection."""
        self._parser.restart()
        return Call(
            "GET",
            f"/api/v1/jobs/{self._job_id}/events",
            JobEvent,
            query=given(tenant_id=self._tenant_id),
            headers={
                "Accept": EVENT_STREAM,
                **({"Last-Event-ID": self._parser.last_id} if self._parser.last_id else {}),
            },
            timeout=min(_LONGEST_SILENCE, max(self.left, 1.0)),
        )

    def heard(self, chunk: bytes) -> Iterator[JobEvent | StageEvent]:
        """Yield the events that are complete with `chunk`, which may be a heartbeat.

        Raises UnexpectedAnswer for data against the contract.
        """
        self._failures = 0
        for sent in self._parser.feed(chunk):
            event = _parsed(sent)
            if event is not None:
                # Whoever takes the last event may not ask for another one.
                self.ended = isinstance(event, JobEvent) and event.status.finished
                yield event

    @property
    def over(self) -> bool:
        """Whether there is nothing left to hear: the job has ended, or time is up."""
        return self.ended or self.left <= 0

    @property
    def left(self) -> float:
        """The time that is left, in seconds."""
        return max(self._deadline - time.monotonic(), 0.0)

    def pause_after(self, error: ServiceError | None) -> float:
        """Return the pause before the next connection in seconds, 0 if none is needed.

        `error` is what ended the last one, or None if the service did. Raises it if it will not
        pass, and NotDoneInTime if time is up.
        """
        if self.ended:
            return 0
        if error and not will_pass(error):
            raise error
        left = self.left
        if left <= 0:
            self._give_up(error)
        self._failures += 1
        own = self._parser.pause * random.uniform(0.5, 1.5)
        # As long as nothing at all is heard, the pauses grow.
        return min(max(own, pause(error, self._failures)), left)

    def _give_up(self, last: ServiceError | None) -> None:
        because = f"; the last connection failed: {last}" if last else ", and continues."
        raise NotDoneInTime(
            f"Job {self._job_id} has not ended within {self._within:g} s{because}"
        ) from last


def _parsed(sent: ServerEvent) -> JobEvent | StageEvent | None:
    """Return the event, or None for a kind that this client does not know."""
    kind = _KINDS.get(sent.name)
    try:
        return kind.model_validate_json(sent.data) if kind else None
    except ValidationError as error:
        raise UnexpectedAnswer(
            f"The service sent an event {sent.name!r} that is not in the contract."
        ) from error
