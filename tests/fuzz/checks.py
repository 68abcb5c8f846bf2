"""A check of ours that schemathesis runs beside its own."""

import re
from typing import Any

import schemathesis
from schemathesis import Case, Response
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi.checks import positive_data_acceptance

# Why a request is refused although it fits its schema, which cannot say this.
NOT_IN_A_SCHEMA = {
    # The parts of the request name two tenants, or none of those that may name one does.
    "tenant_required",
    "idempotency_key_reused",
    # What the bytes of an image are.
    "image_not_base64",
    "image_empty",
    "unsupported_image_format",
    "unreadable_image",
    "pdf_protected",
    "image_too_many_pixels",
    "no_text_found",
}
# The beginnings of such sentences that have no code of their own: a cursor that the service did not
# make, and a batch without one good entry.
_NOT_IN_A_SCHEMA = re.compile(r"cursor: |(payload\.)?(items|texts)\.\d+")


@schemathesis.check
def valid_requests_are_accepted(
    context: CheckContext, response: Response, case: Case[Any]
) -> bool | None:
    """A request that fits its schema is done, unless the reason cannot be in a schema."""
    if 400 <= response.status_code < 500:
        problem = response.json()
        if problem["error"] in NOT_IN_A_SCHEMA or _NOT_IN_A_SCHEMA.match(problem["detail"]):
            return None
    return positive_data_acceptance(context, response, case)
