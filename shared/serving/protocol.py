"""HTTP/1.1 connections that nobody can keep open without saying what for."""

import asyncio
import time
from typing import Any, ClassVar

import structlog
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from shared.serving.crowd import Crowd, Phase
from shared.serving.headers import BoundedHeadersProtocol
from shared.serving.limits import ConnectionLimits

log = structlog.get_logger(__name__)

# Bytes that must arrive in each `body` seconds, unless the body ends.
_LEAST = 1_000_000
# Seconds and bytes in which a refused body may end, so that its sender gets to read the answer.
_REST_SECONDS, _REST_BYTES = 5.0, 32_000_000
# Requests that may wait on a connection for the answer to the one before them.
_MOST_PIPELINED = 16

_REFUSALS = {
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 002\r\n",
}


class TooManyRequestsError(Exception):
    """More requests came on a connection than anybody has answers for."""


class BoundedProtocol(BoundedHeadersProtocol):
    """A connection with a limit on the time for headers, for bodies and for reading answers.

    Time in which we do not read does not count.
    """

    limits: ClassVar[ConnectionLimits]
    crowd: ClassVar[Crowd]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.phase = Phase.HEAD
        self.since = time.monotonic()
        # Whether the headers, or the body, of a request are incomplete.
        self._begun = False
        self._receiving = False
        # Bytes that came in this phase, and those before the last `body` seconds of it.
        self.came = 0
        self._came_before = 0
        # A request, and who answers it, until enough of its body is there.
        self._prepared: tuple[RequestResponseCycle, Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    @property
    def closing(self) -> bool:
        """Whether the connection is being closed."""
        return bool(self.transport.is_closing())

    def abort(self) -> None:
        """Close the connection without another word."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse the connection if there are too many."""
        super().connection_made(transport)
        if self.crowd.has_room(self.connections, self):  # type: ignore[arg-type]
            self._time_phase()
        else:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, whoever closed the connection."""
        super().connection_lost(exc)
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        self.came += len(data)
        super().data_received(data)
        self._note_phase()
        if self.phase is Phase.REST and self.came > _REST_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request. Raises TooManyRequestsError."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise TooManyRequestsError
        self._begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin the answer."""
        self._begun = False
        self._receiving = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body. A short body is not begun to be answered before it is whole."""
        super().on_body(body)
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self._start_prepared()

    def on_message_complete(self) -> None:
        """End the request."""
        self._receiving = False
        super().on_message_complete()
        self._start_prepared()

    def shutdown(self) -> None:
        """End once what is asked for is answered."""
        if self._prepared is not None:
            self.transport.close()
        super().shutdown()

    def on_response_complete(self) -> None:
        """End the answer."""
        super().on_response_complete()
        self._note_phase()

    def pause_writing(self) -> None:
        """Wait until the other side takes more of the answer, but not forever."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.limits.answer, self.abort)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request, or keep it until enough of it is there.

        Whoever sends half a body costs no more than whoever sends half a header.
        """
        self._prepared = cycle, app
        if not cycle.more_body or cycle.waiting_for_100_continue:
            self._start_prepared()

    def _start_prepared(self) -> None:
        if self._prepared is not None:
            prepared, self._prepared = self._prepared, None
            super()._start_asgi_task(*prepared)

    def _note_phase(self) -> None:
        phase = self._phase()
        if phase is not self.phase:
            self.phase = phase
            self.since = time.monotonic()
            self.came = self._came_before = 0
            self._time_phase()

    def _phase(self) -> Phase:
        # The newest request; those before it have been answered, unless it waits for that.
        answered = self.cycle is None or self.cycle.response_complete
        if self._receiving:
            return Phase.REST if answered else Phase.BODY
        if not answered:
            return Phase.ANSWER
        return Phase.HEAD if self._begun or self.cycle is None else Phase.IDLE

    def _time_phase(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        seconds = {
            Phase.HEAD: self.limits.head,
            Phase.BODY: self.limits.body,
            Phase.REST: _REST_SECONDS,
        }.get(self.phase)
        if seconds is not None and not self.closing:
            self._timer = self.loop.call_later(seconds, self._end_phase)

    def _end_phase(self) -> None:
        """Close the connection, unless it is us who did not read, or enough came."""
        if self.phase is Phase.BODY and (
            self._is_held_up() or self.came - self._came_before >= _LEAST
        ):
            self._came_before = self.came
            self._time_phase()
        elif self.phase is Phase.REST or (self.phase is Phase.HEAD and not self._begun):
            self.transport.close()
        else:
            log.info("connection.too_slow", phase=self.phase)
            self._refuse(408)

    def _is_held_up(self) -> bool:
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _refuse(self, status: int) -> None:
        """Answer without a body, and close the connection."""
        end = b"content-length: 0\r\nconnection: close\r\n\r\n"
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(_REFUSALS[status] + end)
        self.transport.close()


def bounded_protocol(bounds: ConnectionLimits) -> type[BoundedProtocol]:
    """Return the protocol of a server with these limits."""

    class Bounded(BoundedProtocol):
        limits = bounds
        crowd = Crowd(bounds.connections)

    return Bounded
