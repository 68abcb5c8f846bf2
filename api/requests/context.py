"""What is known of a request beside its answer: its ids, and the fields that were ignored.

The ids are in the headers of every answer, and the request id in each log line.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.trace_context import current_trace_id

_LONGEST_ID = 200
# A header has room for so many names.
_MOST_NAMES = 20


class RequestContext:
    """ASGI middleware that takes or makes a request id, and returns it with what else is known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = _given(scope) or str(uuid4())

        async def send_with_ids(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_headers(state)]
            await send(message)

        tokens = structlog.contextvars.bind_contextvars(request_id=state["request_id"])
        try:
            await self._app(scope, receive, send_with_ids)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)


def _headers(state: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    yield b"x-request-id", _as_header(state["request_id"]).encode()
    if trace_id := current_trace_id():
        yield b"x-trace-id", trace_id.encode()
    if ignored := state.get("ignored_fields"):
        yield b"x-ignored-fields", ignored.encode()
    if state.get("priority_lowered"):
        yield b"x-priority-lowered", b"true"
    if window := state.get("window"):
        yield b"ratelimit-limit", str(window.limit).encode()
        yield b"ratelimit-remaining", str(window.remaining).encode()
        yield b"ratelimit-reset", str(window.reset).encode()


def request_id_of(request: Request) -> str | None:
    """Return the id from the body if it has one, else the one from the header."""
    request_id: str | None = getattr(request.state, "request_id", None)
    return request_id


def adopt_request_id(request: Request, value: object) -> None:
    """Use the id from the body in the answer and the log from now on, if it is a valid id."""
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable():
        request.state.request_id = value
        structlog.contextvars.bind_contextvars(request_id=value)


def ignore_fields(request: Request, paths: Sequence[str]) -> None:
    """List fields that were ignored in the header of the answer, the first 20 and an ellipsis."""
    # A header may not end with a space, so a field without a name has to be visible.
    names = [quote(path, safe="._[]-") or '""' for path in paths[:_MOST_NAMES]]
    more = ["..."] if len(paths) > _MOST_NAMES else []
    request.state.ignored_fields = ", ".join(names + more)


def _as_header(request_id: str) -> str:
    """Percent-encode an id that is not ASCII or has spaces, which a header may not begin with."""
    return request_id if request_id.isascii() and " " not in request_id else quote(request_id)


def _given(scope: Scope) -> str | None:
    """Return the id that the header has, or None if it is none that can be returned."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            acceptable = 0 < len(given) <= _LONGEST_ID and given.isascii() and given.isprintable()
            return given if acceptable else None
    return None
