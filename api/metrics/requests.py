"""Durations of requests by route template, since paths themselves contain ids."""

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import Headers
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

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. Unknown methods share the label `other`: callers can invent any."""
        known = method if method in _METHODS else "other"
        self._duration.labels(known, route, status).observe(seconds, exemplar())


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
    content_type = Headers(raw=message["headers"]).get("content-type", "")
    return content_type.startswith("text/event-stream")


def _template(scope: Scope) -> str:
    template: str = getattr(scope.get("route"), "path", "unmatched")
    return template
