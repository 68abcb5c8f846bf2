"""The request that runs the work of a job again, with what an operator changed in it."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.contracts.features import Feature
from shared.contracts.requests import JobRequest
from shared.rejections import InvalidRequest
from shared.store.hot.reading import JobRow
from shared.store.queues.place import repeat_id

_REQUEST: TypeAdapter[JobRequest] = TypeAdapter(JobRequest)
_HINTS = ("default_currency", "country", "locale")


def edited_request(job: JobRow, form: Mapping[str, Any]) -> JobRequest:
    """Return the request. The labels in the form are lines; items and texts are JSON.

    The image of a receipt has to be sent along. Raises InvalidRequest, which names the field.
    """
    payload = json.loads(job.payload)
    payload.pop("errors", None)
    payload.pop("image", None)
    try:
        return _REQUEST.validate_python(
            {
                "feature": job.feature.value,
                "tenant_id": job.tenant_id,
                "user_id": job.user_id,
                "request_id": repeat_id(job.id),
                "priority": job.priority,
                "metadata": {"fresh": True},
                "payload": _edited(job.feature, payload, form),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{place}: {first['msg']}") from error


def _edited(feature: Feature, payload: dict[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    labels = [line.strip() for line in str(form.get("labels", "")).splitlines() if line.strip()]
    if feature is Feature.RECEIPT_EXTRACTION:
        hints = {name: text for name in _HINTS if (text := str(form.get(name, "")).strip())}
        options = {**hints, **({"candidate_labels": labels} if labels else {})}
        return {**payload, "image_base64": "", "options": options}
    if feature is Feature.EMBEDDING:
        return {**payload, "texts": _entries(form, "texts")}
    if feature is Feature.CATEGORIZATION_BATCH:
        return {**payload, "items": _entries(form, "items"), "candidate_labels": labels}
    return {**payload, "item_name": form.get("item_name", ""), "candidate_labels": labels}


def _entries(form: Mapping[str, Any], name: str) -> Any:
    try:
        return json.loads(str(form.get(name, "")))
    except RecursionError as error:
        raise InvalidRequest(f"{name}: this JSON is nested too deeply.") from error
    except ValueError as error:
        raise InvalidRequest(f"{name}: this is not JSON: {error}") from error
