"""Declarations of the errors that a call answers with, one HTTP status at a time."""

from http import HTTPStatus
from typing import Any

from api.errors import status_of
from shared import errors, image_errors, rejections
from shared.contracts.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE, Problem
from shared.errors import ServiceError

Errors = tuple[type[ServiceError], ...]

# What may happen to every call that uses the database, as those that need a token do.
STORED: Errors = (
    rejections.Unauthenticated,
    rejections.Forbidden,
    rejections.Exposed,
    errors.Busy,
    errors.DatabaseUnavailable,
    errors.DatabaseReadOnly,
    errors.SchemaBehind,
    errors.RateLimited,
    errors.Bug,
)
# … that reads jobs of a tenant.
TENANT: Errors = (rejections.TenantRequired, rejections.InvalidRequest, *STORED)
# … that takes a new job, or an old one again.
ADMITTED: Errors = (errors.QueueFull, errors.Draining)
# … that has a body.
SUBMITTED: Errors = (
    rejections.InvalidRequest,
    rejections.UnknownField,
    rejections.MalformedBody,
    rejections.RequestTooLarge,
    rejections.IdempotencyKeyReused,
    rejections.CallbackRefused,
    errors.QuotaExceeded,
    *ADMITTED,
    *STORED,
)
# … that takes an image.
IMAGES: Errors = (
    rejections.ImageNotBase64,
    rejections.ImageEmpty,
    rejections.ImageTooLarge,
    rejections.ImageTooManyPixels,
    rejections.ImageUnsupported,
    rejections.ImageReferenceRefused,
    image_errors.ImageStoreUnavailable,
)
# … that needs an image from an object store.
FETCHED: Errors = (
    image_errors.ImageLost,
    image_errors.ImageStoreUnavailable,
    image_errors.ImageStoreUnknown,
)
# … that waits for the result of a job. Errors of the job are errors of the call.
WAITED: Errors = (
    errors.StillRunning,
    errors.NoWorker,
    errors.Loading,
    errors.EngineUnavailable,
    errors.BrokerUnavailable,
    errors.TimedOut,
    errors.Crashed,
    errors.Cancelled,
)
# … that waits until a receipt has been read.
RECEIPTS: Errors = (
    rejections.ImageUnreadable,
    rejections.PdfProtected,
    rejections.ImageTooCostly,
    rejections.NoTextFound,
    errors.RecognitionCrashed,
    *FETCHED,
)


def problems(*kinds: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that raises errors of these classes.

    The errors are grouped by their HTTP status. Each has an example, which is named after its code
    and has the sentence of its class.
    """
    by_status: dict[HTTPStatus, dict[str, type[ServiceError]]] = {}
    for kind in kinds:
        status = status_of(kind.code, kind.error_class)
        by_status.setdefault(status, {})[kind.code] = kind
    return {int(status): _answer(status, by_status[status]) for status in sorted(by_status)}


def _answer(status: HTTPStatus, kinds: dict[str, type[ServiceError]]) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code in sorted(kinds))
    answer: dict[str, Any] = {
        "description": f"{status.phrase}: {codes}",
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: _example(kinds[code], status) for code in sorted(kinds)},
            }
        },
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return answer


def _example(kind: type[ServiceError], status: HTTPStatus) -> dict[str, Any]:
    problem = Problem(
        type=PROBLEM_TYPE + kind.code,
        title=status.phrase,
        status=status,
        detail=kind.detail,
        instance="/api/v1/jobs",
        error=kind.code,
        error_class=kind.error_class,
        retryable=kind.error_class.retryable,
        request_id="6d8454df-a8af-457a-a496-10271c48155b",
        trace_id="97c83a495f9af4370b0c6e0205cff509",
    )
    return {"summary": kind.detail, "value": problem.model_dump(mode="json")}
