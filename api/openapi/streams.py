"""The schema of the stream of events, whose form OpenAPI 3.1 cannot describe."""

from typing import Any

# It has no type: generators would take a stream of objects for one object, or for one text.
EVENT_SCHEMA: dict[str, Any] = {
    "title": "ServerSentEvents",
    "description": "Events `job` and `stage`. The `data` of the first is a JobEvent as JSON, and "
    "that of the second a StageEvent; only events `job` have an `id`, for `Last-Event-ID`. "
    "Comments keep a quiet stream open.",
}
