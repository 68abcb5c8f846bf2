"""Counts and times requests by route template, since paths themselves contain ids.

Every series that a route can be expected to have is there from the start: Prometheus's rate() would
miss an increase from nothing to 1, and a dashboard the first refusal.
"""

import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.metrics import DURATIONS, exemplar

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The classes of statuses that every route may answer with. No route only redirects.
_CLASSES = ("2xx", "4xx", "5xx")
# Requests that no route takes.
_UNMATCHED = "unmatched"


class RequestMetrics:
    """The durations of requests, and the number of answers by class of status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer, or to the first of "
            "an event stream.",
            ("method", "route", "status"),
            buckets=DURATIONS,
            registry=registry,
        )
        self._responses = Counter(
            "http_server_responses",
            "Answers to requests by class of status: 2xx, 3xx, 4xx, 5xx.",
            ("method", "route", "status_class"),
            registry=registry,
        )
        # The samples of each combination of labels, which take a moment to find.
        self._children: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}

    def expect(self, routes: Sequence[BaseRoute]) -> None:
        """Show answers of every class for every route at 0, and durations of its usual answer."""
        for method, route, status in _usual_answers(routes):
            self._child(method, route, status)
            for status_class in _CLASSES:
                self._responses.labels(method, route, status_class)
        for method in _METHODS:
            self._responses.labels(method, _UNMATCHED, "4xx")

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. Unknown methods share the label `other`: callers can invent any."""
        duration, responses = self._child(method if method in _METHODS else "other", route, status)
        duration.observe(seconds, exemplar())
        responses.inc()

    def _child(self, method: str, route: str, status: int) -> tuple[Histogram, Counter]:
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = (
                self._duration.labels(*key),
                self._responses.labels(method, route, f"{status // 100}xx"),
            )
        return child


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
    return _is_unmeasured(scope.get("path", ""))


def _is_unmeasured(path: str) -> bool:
    return path.startswith(("/health", "/tidewave")) or path == "/metrics"


def _is_event_stream(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message["headers"]
    )


def _template(scope: Scope) -> str:
    template: str = getattr(scope.get("route"), "path", _UNMATCHED)
    return template


def _usual_answers(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, int]]:
    """Yield the method, the template and the usual status of every route that is measured."""
    for context in iter_route_contexts(routes):
        template = getattr(context.original_route, "path", None)
        if template is None or _is_unmeasured(template):
            continue
        status = getattr(context, "status_code", None) or HTTPStatus.OK
        for method in (context.methods or set()) - {"HEAD"}:
            yield method, template, int(status)
