"""Everything that can go wrong and is expected to, as one tree.

ServiceError
├── BadInput             the request itself; never retried
│   ├── InvalidRequest · MalformedBody · UnknownFeature · TenantRequired · RequestTooLarge
│   ├── IdempotencyKeyReused · JobNotFound
│   ├── ImageNotBase64 · ImageEmpty · ImageTooLarge · ImageTooManyPixels
│   ├── ImageUnsupported · ImageUnreadable · ImageReferenceRefused
│   └── NoTextFound
├── Transient            a hiccup of something we depend on; retried with backoff
│   ├── DatabaseUnavailable
│   └── BrokerUnavailable
├── Unavailable          cannot be done now; refused, or put back without spending an attempt
│   ├── SchemaBehind
│   └── StillRunning
├── TimedOut             over the time limit of its feature
├── Crashed              the process that ran it died
│   └── RecognitionCrashed
├── Cancelled            somebody asked for it
└── Bug                  an exception nobody foresaw; details only in logs

The class decides what happens next, the `code` is the stable word in HTTP answers and on the job,
and `detail` is a sentence that may be shown to anyone. HTTP statuses live in `api/errors.py`.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorClass(StrEnum):
    """The one word that decides what happens to a failed job. Same words everywhere."""

    BAD_INPUT = "bad_input"
    TRANSIENT = "transient"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    CANCELLED = "cancelled"
    BUG = "bug"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without being changed."""
        return self not in (ErrorClass.BAD_INPUT, ErrorClass.CANCELLED)


class ServiceError(Exception):
    """Base of all expected failures. `detail` must be fit for the caller's eyes."""

    error_class: ClassVar[ErrorClass]
    code: str
    detail: str

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class BadInput(ServiceError):
    """The request cannot be served, now or later."""

    error_class = ErrorClass.BAD_INPUT
    code = "bad_input"
    detail = "The request cannot be served as it is."


class InvalidRequest(BadInput):
    """The body does not fit the contract."""

    code = "invalid_request"
    detail = "The request does not fit the contract."


class MalformedBody(BadInput):
    """The body is not what its content type says (broken or too deeply nested JSON, bad form)."""

    code = "malformed_body"
    detail = "The body could not be parsed."


class UnknownFeature(BadInput):
    """`feature` names nothing this service does."""

    code = "unknown_feature"
    detail = "There is no such feature."


class TenantRequired(BadInput):
    """A call that reads jobs did not say whose."""

    code = "tenant_required"
    detail = "Send the tenant in the X-Tenant-ID header or the tenant_id query parameter."


class RequestTooLarge(BadInput):
    """The body is over the limit of its call."""

    code = "request_too_large"
    detail = "The request body is over the limit of this call."


class IdempotencyKeyReused(BadInput):
    """One idempotency key, two different bodies."""

    code = "idempotency_key_reused"
    detail = "This idempotency key was used before with another request."


class JobNotFound(BadInput):
    """No such job, or it belongs to another tenant (the answer does not tell which)."""

    code = "job_not_found"
    detail = "There is no such job for this tenant."


class ImageNotBase64(BadInput):
    """`image_base64` holds something else."""

    code = "image_not_base64"
    detail = "image_base64 is not valid base64."


class ImageEmpty(BadInput):
    """An image of zero bytes."""

    code = "image_empty"
    detail = "The image is empty."


class ImageTooLarge(BadInput):
    """More bytes than MAX_IMAGE_BYTES."""

    code = "image_too_large"
    detail = "The image has too many bytes."


class ImageTooManyPixels(BadInput):
    """More pixels than MAX_IMAGE_PIXELS; found in the header, before decoding."""

    code = "image_too_many_pixels"
    detail = "The image has too many pixels."


class ImageUnsupported(BadInput):
    """Not one of the accepted formats."""

    code = "unsupported_image_format"
    detail = "The image is in no supported format; send JPEG, PNG or WebP."


class ImageUnreadable(BadInput):
    """The right format, but truncated or damaged."""

    code = "unreadable_image"
    detail = "The image is truncated or damaged."


class ImageReferenceRefused(BadInput):
    """`image_url` or `image_path` was sent."""

    code = "image_reference_refused"
    detail = "This service fetches nothing: send the image itself in image_base64."


class NoTextFound(BadInput):
    """The image was read, and there is no text in it."""

    code = "no_text_found"
    detail = "No text was found in the image; take it closer and in better light."


class Transient(ServiceError):
    """A hiccup of the database, the broker or the network."""

    error_class = ErrorClass.TRANSIENT
    code = "transient"
    detail = "A dependency did not answer; try again."


class DatabaseUnavailable(Transient):
    """Postgres cannot be reached or dropped the connection."""

    code = "database_unavailable"
    detail = "The database does not answer; try again shortly."


class BrokerUnavailable(Transient):
    """Redis cannot be reached or dropped the connection."""

    code = "broker_unavailable"
    detail = "The queue does not answer; try again shortly."


class Unavailable(ServiceError):
    """Cannot be done now. `retry_after` is in seconds."""

    error_class = ErrorClass.UNAVAILABLE
    code = "unavailable"
    detail = "The service cannot take this request now."
    retry_after: ClassVar[int] = 5


class SchemaBehind(Unavailable):
    """The database lacks a migration."""

    code = "schema_behind"
    detail = "The database schema is behind this version; run bin/migrate."
    retry_after = 30


class StillRunning(Unavailable):
    """A waiting call ran out of patience; its job goes on and the same call finds it."""

    code = "still_running"
    detail = "The job is not done yet; it goes on, and the same request will find it."
    retry_after = 2


class TimedOut(ServiceError):
    """The pipeline went over the time limit of its feature."""

    error_class = ErrorClass.TIMEOUT
    code = "timeout"
    detail = "The work took longer than its limit."


class Crashed(ServiceError):
    """The process that ran the job died."""

    error_class = ErrorClass.CRASHED
    code = "crashed"
    detail = "The process that worked on this job died."


class RecognitionCrashed(Crashed):
    """The recognition child died: killed, out of memory, or a hostile image."""

    code = "recognition_crashed"
    detail = "The process that read the image died."


class Cancelled(ServiceError):
    """The job was cancelled on request."""

    error_class = ErrorClass.CANCELLED
    code = "cancelled"
    detail = "The job was cancelled."


class Bug(ServiceError):
    """An unforeseen exception. Its text stays in the logs."""

    error_class = ErrorClass.BUG
    code = "internal_error"
    detail = "An internal error occurred; it has been logged."
