"""Errors that are the caller's fault, which are the leaves of BadInput. None is retried."""

from shared.errors import BadInput


class InvalidRequest(BadInput):
    """The body or a parameter does not fit the contract."""

    code = "invalid_request"
    detail = "The request does not fit the contract."


class UnknownField(BadInput):
    """A field that the contract does not have, and that cannot be ignored."""

    code = "unknown_field"
    detail = "The request has a field that this service does not know."


class MalformedBody(BadInput):
    """The body is not what its content type says: broken or too deeply nested JSON, a bad form."""

    code = "malformed_body"
    detail = "The body could not be parsed."


class UnknownFeature(BadInput):
    """`feature` names nothing that the service does."""

    code = "unknown_feature"
    detail = "There is no such feature."


class Unauthenticated(BadInput):
    """The request has no token, or one that is unknown, expired or revoked; the answer does not
    say which."""

    code = "unauthenticated"
    detail = "Send a valid token: Authorization: Bearer <token>."


class Forbidden(BadInput):
    """The token does not allow this call, or not for this tenant, or the request names two."""

    code = "forbidden"
    detail = "The token does not allow this."


class Exposed(BadInput):
    """With AUTH=off, the request came through a proxy, from a web page, or for another host."""

    code = "exposed_without_tokens"
    detail = (
        "With AUTH=off this service answers only programs on its own machine. Set AUTH=tokens to "
        "have it behind a proxy or under another name."
    )


class TenantRequired(BadInput):
    """A call did not say which tenant it is for, or its body named two."""

    code = "tenant_required"
    detail = "Send the tenant in the X-Tenant-ID header or the tenant_id query parameter."


class RequestTooLarge(BadInput):
    """The body exceeds the limit of its call."""

    code = "request_too_large"
    detail = "The request body exceeds the limit of this call."


class IdempotencyKeyReused(BadInput):
    """The idempotency key was used before with a different request."""

    code = "idempotency_key_reused"
    detail = "This idempotency key was used before with a different request."


class JobNotFound(BadInput):
    """There is no such job, or it belongs to another tenant; the answer does not say which."""

    code = "job_not_found"
    detail = "There is no such job for this tenant."


class ImageNotFound(BadInput):
    """The job has no image, or not so many pages."""

    code = "image_not_found"
    detail = "The job has no such image or page."


class ImageDeleted(BadInput):
    """The image of the job was deleted, since nobody needed it any more."""

    code = "image_deleted"
    detail = "The image was deleted after the time for which images are kept."


class QueueNotFound(BadInput):
    """There is no queue of this name."""

    code = "queue_not_found"
    detail = "There is no such queue."


class WorkerNotFound(BadInput):
    """There is no worker of this id, or it has been gone for a day."""

    code = "worker_not_found"
    detail = "There is no such worker."


class BulkOperationNotFound(BadInput):
    """There is no such bulk operation, or it is another tenant's; the answer does not say which."""

    code = "bulk_operation_not_found"
    detail = "There is no such bulk operation."


class SchemaNotFound(BadInput):
    """There is no JSON Schema of this name."""

    code = "schema_not_found"
    detail = "There is no such schema; GET /api/v1/schemas lists all of them."


class NotCancellable(BadInput):
    """The job has ended and cannot be cancelled."""

    code = "job_not_cancellable"
    detail = "The job has already ended."


class NotRetryable(BadInput):
    """The job has not failed or been cancelled, or its work is already being done again."""

    code = "job_not_retryable"
    detail = "Only a failed or cancelled job can be retried."


class CallbackRefused(BadInput):
    """The URL of a callback is none that CALLBACK_HOSTS allows."""

    code = "callback_refused"
    detail = "The URL of the callback is not allowed."


class DeliveryNotFound(BadInput):
    """The job has no such delivery."""

    code = "delivery_not_found"
    detail = "There is no such delivery of this job."


class ImageNotBase64(BadInput):
    """`image_base64` is not valid base64."""

    code = "image_not_base64"
    detail = "image_base64 is not valid base64."


class ImageEmpty(BadInput):
    """The image has no bytes."""

    code = "image_empty"
    detail = "The image is empty."


class ImageTooLarge(BadInput):
    """The image exceeds MAX_IMAGE_BYTES."""

    code = "image_too_large"
    detail = "The image has too many bytes."


class ImageTooManyPixels(BadInput):
    """The image exceeds MAX_IMAGE_PIXELS according to its header, or has a side of more than 65,535
    pixels; it is not decoded."""

    code = "image_too_many_pixels"
    detail = "The image has too many pixels."


class ImageUnsupported(BadInput):
    """The image has none of the accepted formats."""

    code = "unsupported_image_format"
    detail = "Send JPEG, PNG, WebP, HEIC or PDF."


class ImageUnreadable(BadInput):
    """The file has an accepted format, but is truncated or damaged."""

    code = "unreadable_image"
    detail = "The image is truncated or damaged."


class ImageTooCostly(BadInput):
    """A page of the file takes more than PAGE_CPU or PAGE_MEMORY to decode or to draw, or has far
    more text than any receipt."""

    code = "image_too_costly"
    detail = "The file takes too much CPU time or memory to decode."


class PdfProtected(BadInput):
    """The PDF needs a password."""

    code = "pdf_protected"
    detail = "The PDF is protected by a password; send an unprotected one."


class ImageReferenceRefused(BadInput):
    """`image_url` or `image_path` was sent."""

    code = "image_reference_refused"
    detail = "This service fetches nothing: send the image itself in image_base64."


class NoTextFound(BadInput):
    """There is no text in the image."""

    code = "no_text_found"
    detail = "No text was found in the image; take it closer and in better light."
