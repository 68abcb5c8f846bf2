"""What becomes of the fields of a body that the contract does not have.

Those that would change the answer, or that the caller relies on, are refused by name. Others are
ignored, and the header X-Ignored-Fields lists them.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from api.requests.body import BodyRequest
from api.requests.context import ignore_fields
from api.requests.field_walk import UnknownField, unknown_fields


async def check_unknown_fields(http: Request) -> None:
    """Check the JSON body of the route that was asked for. Raises RequestValidationError.

    It runs before the route's own validation, so a misspelt field is reported under its name, and
    not as another field that is missing.
    """
    field = getattr(http.scope["route"], "body_field", None)
    if field is not None and isinstance(http, BodyRequest) and http.is_json and await http.body():
        strict = http.app.state.front.settings.strict_requests
        await check_fields(http, await http.json(), field.field_info.annotation, strict=strict)


async def check_fields(http: BodyRequest, body: Any, annotation: Any, *, strict: bool) -> None:
    """Refuse unknown fields, all of them if `strict`, and note the others for the header.

    Raises RequestValidationError with the type `unknown_field`.
    """
    unknown = await http.apart(unknown_fields, body, annotation)
    if refused := refusals(unknown, strict=strict):
        raise RequestValidationError(refused, body=body)
    ignore_fields(http, [field.dotted for field in unknown])


def refusals(unknown: Sequence[UnknownField], *, strict: bool) -> list[dict[str, Any]]:
    """Return an error for each field that is refused, as pydantic reports errors."""
    return [
        {
            "type": "unknown_field",
            "loc": ("body", *field.path),
            "msg": f"There is no such field here: {field.advice or 'leave it out'}",
        }
        for field in unknown
        if field.refused or strict
    ]
