"""The trace of a request whose span is not exported: its ids are used all the same."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.metrics.requests import is_probe
from shared.telemetry.trace_context import Carrier, beginning, continuing

_W3C = (b"traceparent", b"tracestate")


def is_untraced(scope: Scope) -> bool:
    """Return whether a request makes no span: a probe, an event stream or a page of the console.

    Such requests come all the time or last too long, and an operator's look is nobody's work.
    """
    path: str = scope.get("path", "")
    is_stream = path.startswith("/api/v1/jobs/") and path.endswith("/events")
    return is_probe(scope) or is_stream or path.startswith("/console")


class UntracedRequests:
    """ASGI middleware that gives a request without a span the trace of its caller.

    Without a caller's trace, an untraced request has none, although uvicorn would leave it the
    trace of the previous request on the same connection. Any other gets a new one.
    """

    def __init__(self, app: ASGIApp, *, exporting: bool) -> None:
        """With `exporting`, the framework makes the spans of all requests but the untraced."""
        self._app = app
        self._exporting = exporting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif is_untraced(scope):
            with continuing(_carrier(scope)):
                await self._app(scope, receive, send)
        elif self._exporting:
            await self._app(scope, receive, send)
        else:
            with beginning(_carrier(scope)):
                await self._app(scope, receive, send)


def _carrier(scope: Scope) -> Carrier:
    return {
        name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _W3C
    }
