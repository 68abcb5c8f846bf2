"""Connections: how long an idle one is kept, whether a failed try had used an idle one, and the end
of a stream that would go on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import TIMEOUT_MAX, Event, Timer
from typing import Any

import httpx

# A front keeps an idle connection for 75 s (KEEP_ALIVE), and balancers usually for 60 s or longer.
# Whoever closes it first never finds it closed under a request.
IDLE = 60.0  # seconds
_CONNECT_TIMEOUT = 5.0

# What httpx raises if the other side has closed the connection.
CLOSED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


def timeouts(seconds: float) -> httpx.Timeout:
    """Return the timeout of each step of one try; that of connecting is shorter."""
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_TIMEOUT))


def pool() -> httpx.Limits:
    """Return the limits of a client's pool, which opens as many connections as there are calls.

    A limit would let calls fail that wait behind those which wait for their jobs.
    """
    return httpx.Limits(keepalive_expiry=IDLE, max_keepalive_connections=100)


class Sending:
    """Follows one try by httpx's trace extension, to know which kind of connection it used.

    The events are named after httpcore's loggers: `connection.` opens one, and `http11.` or
    `http2.` uses it. A transport without events looks like a new connection.
    """

    def __init__(self) -> None:
        self._opened = False
        self._used = False

    @property
    def reused(self) -> bool:
        """Whether the request went over a connection that an earlier one had left open."""
        return self._used and not self._opened

    def note(self, event: str, _info: dict[str, Any]) -> None:
        """Take note of an event of a sync transport."""
        kind = event.partition(".")[0]
        self._opened |= kind == "connection"
        self._used |= kind in ("http11", "http2")

    async def note_async(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event of an async transport."""
        self.note(event, info)


@contextmanager
def cut_after(answer: httpx.Response, seconds: float) -> Iterator[None]:
    """End a sync stream after that time, wherever its reader waits, as if it had ended by itself.

    httpx's timeout counts from the last byte, and cannot be changed while a stream lasts. Where
    there is no socket, as behind a transport of the caller's own, nothing is cut.
    """
    stream = answer.extensions.get("network_stream")
    connection: socket.socket | None = stream and stream.get_extra_info("socket")
    if connection is None:
        yield
        return
    over = Event()

    def cut() -> None:
        over.set()
        # This wakes a reader in another thread, which closing the socket would not do.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(min(seconds, TIMEOUT_MAX), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except CLOSED:
        if not over.is_set():
            raise
    finally:
        timer.cancel()
        # After that, the connection may be another call's.
        timer.join()
