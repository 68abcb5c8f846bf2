"""The body of `/receipts/extract`: JSON with base64, or a multipart form with a file."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from shared.contracts.receipts import ReceiptPayload, RichReceiptRequest
from shared.contracts.requests import ReceiptRequest
from shared.rejections import InvalidRequest

_FORM = "multipart/form-data"
# Form fields that may hold the file.
_FILE_FIELDS = ("file", "image")

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
                        "account_id": {"type": "string"},
                        "tenant_id": {"type": "string"},
                        "user_id": {"type": "string"},
                        "request_id": {"type": "string"},
                        "version": {"type": "string"},
                        "candidate_labels": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
        },
    }
}


@dataclass(frozen=True)
class Upload:
    """A receipt request; `image` if it came as a file, and the `version` to send back."""

    request: ReceiptRequest
    image: bytes | None
    version: str


async def read_upload(http: Request) -> Upload:
    """Read the body, whichever kind it is. Raises InvalidRequest, RequestValidationError."""
    if http.headers.get("content-type", "").startswith(_FORM):
        fields, image = await _read_form(http)
        return _upload(RichReceiptRequest.model_validate, fields, image)
    return _upload(RichReceiptRequest.model_validate_json, await http.body(), None)


async def _read_form(http: Request) -> tuple[dict[str, Any], bytes]:
    async with http.form(max_files=1, max_fields=120, max_part_size=10_000) as form:
        file = next((form[name] for name in _FILE_FIELDS if name in form), None)
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file: send the image as a file in the field `file`.")
        labels = form.getlist("candidate_labels")
        fields: dict[str, Any] = {
            name: value for name, value in form.items() if isinstance(value, str) and value
        }
        options = {"candidate_labels": labels} if labels else {}
        return {**fields, "image_base64": "", "options": options}, await file.read()


def _upload(validate: Any, body: Any, image: bytes | None) -> Upload:
    try:
        rich: RichReceiptRequest = validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
    request = ReceiptRequest(
        tenant_id=rich.tenant_id or rich.account_id or "",
        user_id=rich.user_id,
        request_id=rich.request_id,
        payload=ReceiptPayload(image_base64=rich.image_base64, options=rich.options),
    )
    return Upload(request, image, rich.version)
