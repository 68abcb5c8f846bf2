"""The callbacks that the service sends, as the section `webhooks` of the OpenAPI document."""

from typing import Any

from api.openapi.examples.callbacks import callback_body

_TEXT = {"type": "string"}
# The headers of Standard Webhooks (https://www.standardwebhooks.com).
_HEADERS = {
    "webhook-id": "The id of the delivery, the same in every attempt: handle each id once",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970",
    "webhook-signature": "`v1,` and the base64 of an HMAC-SHA256, for each secret in use",
}


def webhooks() -> dict[str, Any]:
    """Return the section, whose one entry is the callback for the end of a job."""
    return {
        "jobEnded": {
            "post": {
                "operationId": "jobEnded",
                "tags": ["callbacks"],
                "summary": "A job has ended",
                "description": "Sent to the URL of `callback`, at least once, until it is answered "
                "with 2xx. Verify the signature over the raw body before you parse it.",
                "parameters": [
                    {
                        "name": name,
                        "in": "header",
                        "required": True,
                        "schema": _TEXT,
                        "description": description,
                    }
                    for name, description in _HEADERS.items()
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/CallbackBody"},
                            "example": callback_body().model_dump(mode="json"),
                        }
                    },
                },
                "responses": {
                    "2XX": {"description": "Taken; it is not sent again"},
                    "410": {"description": "Unwanted; it is not sent again"},
                    "default": {"description": "Sent again later, for a day"},
                },
            }
        }
    }
