"""The headers of requests and answers that no route declares, since middleware reads or sets them.

The headers of an answer depend on its call: HEADERS_BY_CALL has those of single calls.
"""

from typing import Any

Json = dict[str, Any]

HEADERS: dict[str, Json] = {
    "X-Request-ID": {
        "description": "The `request_id` of the body, or else of the request's X-Request-ID, or "
        "else a new one. Each log line of the request has it.",
        "schema": {"type": "string"},
    },
    "X-Trace-Id": {
        "description": "The trace that the request belongs to, if traces are enabled.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "Retry-After": {
        "description": "After how many seconds to ask again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Location": {
        "description": "The path of the job.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "Present if the job existed before this request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Preference-Applied": {
        "description": "The preference that was honoured: `wait=N`.",
        "schema": {"type": "string"},
    },
    "X-Ignored-Fields": {
        "description": "The fields of the request that the service does not know and has ignored, "
        "as dotted paths separated by commas. Absent if there are none.",
        "schema": {"type": "string"},
    },
    "X-Priority-Lowered": {
        "description": "Present if the request, or an entry of it, asked for a priority above 0, "
        "for which the token lacks the scope `jobs:priority`: such new jobs have priority 0.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit-Limit": {
        "description": "How many requests the token may send, or the tenant may be sent for, in "
        "the time that the limit is for: of the two limits the one that leaves fewer. Absent "
        "without limits (`RATE_LIMIT_TOKEN`, `RATE_LIMIT_TENANT`).",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Remaining": {
        "description": "How many of these requests are left.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "After how many seconds more are left.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
# Headers of every answer.
_ALWAYS = ("X-Request-ID", "X-Trace-Id")
# Headers of the answers to calls that need a token.
_LIMITED = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
# Headers of the 2xx answers of a call that has a body.
_OF_BODIES = ("X-Ignored-Fields", "X-Priority-Lowered")
HEADERS_BY_CALL = {
    "submitJob": ("Location", "Idempotency-Replayed", "Preference-Applied", "Retry-After"),
    "getJob": ("Retry-After",),
    "listJobs": ("Retry-After",),
}

PARAMETERS: dict[str, Json] = {
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "An id for the answer and the log, of at most 200 printable ASCII "
        "characters; another value is ignored.",
        "schema": {"type": "string"},
    },
    "traceparent": {
        "name": "traceparent",
        "in": "header",
        "description": "The caller's trace (https://www.w3.org/TR/trace-context/), which request "
        "and job join; another value is ignored.",
        "schema": {"type": "string"},
    },
}


def add_headers(operation: Json) -> None:
    """Declare the headers of one operation and of its answers."""
    operation.setdefault("parameters", []).extend(
        {"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS
    )
    for status, answer in operation["responses"].items():
        names = [*_ALWAYS, *(_LIMITED if "security" in operation else ())]
        if status.startswith("2"):
            names += HEADERS_BY_CALL.get(operation["operationId"], ())
            names += _OF_BODIES if "requestBody" in operation else ()
        answer.setdefault("headers", {}).update(
            {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        )
