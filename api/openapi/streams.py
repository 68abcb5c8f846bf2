"""The schema of one server-sent event, since OpenAPI 3.1 cannot describe a stream of them."""

from typing import Any

from shared.contracts.events import JOB_EVENT, STAGE_EVENT

EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "ServerSentEvent",
    "description": "One event. Comments, which keep a quiet stream open, are none.",
    "properties": {
        "event": {"type": "string", "enum": [JOB_EVENT, STAGE_EVENT]},
        "id": {
            "type": "string",
            "description": "Only events `job` have one, for `Last-Event-ID`.",
        },
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/JobEvent"},
                    {"$ref": "#/components/schemas/StageEvent"},
                ]
            },
        },
        "retry": {"type": "integer", "description": "Milliseconds until a client reconnects."},
    },
}
