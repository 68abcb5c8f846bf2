"""The body of `/receipts/extract`: JSON with base64, or a multipart form with a file."""

from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import UploadFile

from api.front import Front
from api.requests.body import BodyRequest
from api.requests.unknown_fields import check_fields
from shared.contracts.fields.common import MAX_PRIORITY
from shared.contracts.receipts.requests import (
    ExtractionOptions,
    ReadingHints,
    ReceiptPayload,
    RichReceiptRequest,
)
from shared.contracts.requests import ReceiptRequest
from shared.rejections import InvalidRequest

_FORM = "multipart/form-data"
# Form fields that may hold the file.
_FILE_FIELDS = ("file", "image")
# Form fields that belong into `options`, those of them that may be repeated, and the fields that
# hold JSON.
_OPTIONS = frozenset(ExtractionOptions.model_fields)
_HINTS = tuple(ReadingHints.model_fields)
_LISTS = frozenset({"candidate_labels"})
_OBJECTS = frozenset({"metadata", "callback"})
# Fields of which two would name two tenants.
_TENANTS = frozenset({"tenant_id", "account_id"})

# As in a JSON body, but a field that was not filled in may be sent.
_ID = {"type": "string", "maxLength": 200, "pattern": r"^[^\s\x00-\x1f\x7f]*$"}

REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RichReceiptRequest"}},
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "account_id": _ID,
                        "tenant_id": _ID,
                        "user_id": _ID,
                        "request_id": _ID,
                        "version": {"type": "string", "maxLength": 20},
                        "priority": {"type": "integer", "minimum": 0, "maximum": MAX_PRIORITY},
                        "metadata": {"type": "string", "contentMediaType": "application/json"},
                        "callback": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "The fields of CallbackRequest.",
                        },
                        "candidate_labels": {"type": "array", "items": {"type": "string"}},
                        **{name: {"type": "string"} for name in _HINTS},
                    },
                }
            },
        },
    }
}


@dataclass(frozen=True)
class Upload:
    """A receipt request, and the `version` to send back."""

    request: ReceiptRequest
    version: str


async def read_upload(http: BodyRequest, front: Front) -> Upload:
    """Read the body, whichever kind it is; the request keeps an image that is a file.

    Raises InvalidRequest, RequestValidationError, and what reading any body raises.
    """
    if http.kind == _FORM:
        fields = await _read_form(http)
        values = {**fields, "image_base64": ""}
    else:
        fields = values = await http.json()
    await check_fields(http, fields, RichReceiptRequest, strict=front.settings.strict_requests)
    try:
        rich = RichReceiptRequest.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        located = [{**problem, "loc": ("body", *problem["loc"])} for problem in found]
        raise RequestValidationError(located, body=fields) from None
    payload = ReceiptPayload(image_base64=rich.image_base64, options=rich.options)
    return Upload(ReceiptRequest(**rich.common(), payload=payload), rich.version)


async def _read_form(http: BodyRequest) -> dict[str, Any]:
    """Return the fields of a form as those of a JSON body, and keep the content of the file."""
    async with http.form(max_files=1, max_fields=120, max_part_size=10_000) as form:
        field = next((name for name in _FILE_FIELDS if name in form), "")
        file = form.get(field)
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file: send the image as a file in the field `file`.")
        fields: dict[str, Any] = {}
        options: dict[str, Any] = {}
        for name in (name for name in form if name != field):
            # An empty field is one that was not filled in.
            if values := [value for value in form.getlist(name) if value]:
                place = options if name in _OPTIONS else fields
                place[name] = _value(name, values)
        http.keep_image(await file.read())
        return {**fields, **({"options": options} if options else {})}


def _value(name: str, values: list[Any]) -> Any:
    """Return the value of a field that may have been sent several times. Raises InvalidRequest."""
    if name in _LISTS:
        return values
    if len(values) > 1 and name in _TENANTS:
        raise InvalidRequest(f"{name}: send it once.")
    decoded = _decoded(values[-1]) if name in _OBJECTS else None
    return values[-1] if decoded is None else decoded


def _decoded(text: str) -> Any:
    """Return the value of a JSON text, or None if it is not JSON, which validation reports."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
