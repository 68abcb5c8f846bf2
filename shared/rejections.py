"""What a caller can do wrong: the leaves of BadInput. Each is answered once and never retried."""

from shared.errors import BadInput


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


class NotCancellable(BadInput):
    """A job that has ended cannot be cancelled."""

    code = "job_not_cancellable"
    detail = "The job has ended already."


class NotRetryable(BadInput):
    """Only a failed or cancelled job can be retried, and only while nothing else does its work."""

    code = "job_not_retryable"
    detail = "Only a failed or cancelled job can be retried."


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
    detail = "Send JPEG, PNG, WebP, HEIC or PDF."


class ImageUnreadable(BadInput):
    """The right format, but truncated or damaged."""

    code = "unreadable_image"
    detail = "The image is truncated or damaged."


class PdfProtected(BadInput):
    """A PDF that opens only with a password."""

    code = "pdf_protected"
    detail = "The PDF is protected by a password; send it without one."


class ImageReferenceRefused(BadInput):
    """`image_url` or `image_path` was sent."""

    code = "image_reference_refused"
    detail = "This service fetches nothing: send the image itself in image_base64."


class NoTextFound(BadInput):
    """The image was read, and there is no text in it."""

    code = "no_text_found"
    detail = "No text was found in the image; take it closer and in better light."
