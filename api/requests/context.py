"""The request id, which is in the answer and in each log line of a request."""

from urllib.parse import quote
from uuid import uuid4

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.trace_context import current_trace_id

REQUEST_ID = "X-Request-ID"
TRACE_ID = "X-Trace-Id"
_LONGEST_ID = 200


class RequestContext:
    """ASGI middleware that takes or makes a request id, and returns request and trace id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        state = scope.setdefault("state", {})
        state["request_id"] = given if _acceptable(given) else str(uuid4())

        async def send_with_ids(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = _as_header(state["request_id"])
                if trace_id := current_trace_id():
                    headers[TRACE_ID] = trace_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=state["request_id"]):
            await self._app(scope, receive, send_with_ids)


def request_id_of(request: Request) -> str | None:
    """Return the id from the body if it has one, else the one from the header."""
    request_id: str | None = getattr(request.state, "request_id", None)
    return request_id


def adopt_request_id(request: Request, value: object) -> None:
    """Use the id from the body in the answer and the log from now on, if it is a valid id."""
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable():
        request.state.request_id = value
        structlog.contextvars.bind_contextvars(request_id=value)


def _as_header(request_id: str) -> str:
    """Percent-encode an id that is not ASCII, since a header cannot hold it."""
    return request_id if request_id.isascii() else quote(request_id)


def _acceptable(value: str) -> bool:
    return 0 < len(value) <= _LONGEST_ID and value.isascii() and value.isprintable()
