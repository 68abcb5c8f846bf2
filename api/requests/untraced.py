"""Requests that make no span, because they come all the time or last too long."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.metrics.requests import is_probe
from shared.telemetry.trace_context import continuing


def is_untraced(scope: Scope) -> bool:
    """Return whether a request makes no span: a probe or an event stream."""
    path: str = scope.get("path", "")
    return is_probe(scope) or (path.startswith("/api/v1/jobs/") and path.endswith("/events"))


class UntracedRequests:
    """ASGI middleware that gives an untraced request the trace of its caller, or else none.

    uvicorn would leave it the trace of the previous request on the same connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_untraced(scope):
            await self._app(scope, receive, send)
            return
        with continuing(Headers(scope=scope)):
            await self._app(scope, receive, send)
