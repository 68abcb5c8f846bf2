"""Durations of requests by route template, since paths themselves contain ids."""

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.metrics import DURATIONS, exemplar

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class RequestMetrics:
    """The histogram of request durations."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer, or to the first of "
            "an event stream.",
            ("method", "route", "status"),
            buckets=DURATIONS,
            registry=registry,
        )
        # The samples of each combination of labels, which take a moment to find.
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. Unknown methods share the label `other`: callers can invent any."""
        key = (method if method in _METHODS else "other", route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._duration.labels(*key)
        child.observe(seconds, exemplar())


class MeasuredRequests:
    """ASGI middleware that measures every request except probes, scrapes and Tidewave's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope):
            await self._app(scope, receive, send)
            return
        # An exception that passes through here is answered with 500 further out.
        status = 500
        counted = False
        started = time.perf_counter()

        def count() -> None:
            requests: RequestMetrics = scope["app"].state.front.metrics.requests
            seconds = time.perf_counter() - started
            requests.observe(scope["method"], _template(scope), status, seconds)

        async def send_and_note(message: Message) -> None:
            nonlocal status, counted
            if message["type"] == "http.response.start":
                status = message["status"]
                if _is_event_stream(message):
                    # How long it lasts is the job's matter.
                    counted = True
                    count()
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            if not counted:
                count()


def is_probe(scope: Scope) -> bool:
    """Return whether a request is a probe, a scrape or Tidewave's: not traced, not measured."""
    path: str = scope.get("path", "")
    return path.startswith(("/health", "/tidewave")) or path == "/metrics"


def _is_event_stream(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message["headers"]
    )


def _template(scope: Scope) -> str:
    template: str = getattr(scope.get("route"), "path", "unmatched")
    return template
