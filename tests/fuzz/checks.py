"""Checks of ours that schemathesis runs in place of two of its own."""

import re
from typing import Any

import schemathesis
from schemathesis import Case, Response
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

# Why a request is refused although it fits its schema, which cannot say this.
NOT_IN_A_SCHEMA = {
    # The body names two tenants, nothing names one, or header, query and body disagree.
    "tenant_required",
    "forbidden",
    "idempotency_key_reused",
    # A name that is nearly that of a field, and any name where the caller relies on all of them.
    "unknown_field",
    # What the settings of the service allow.
    "callback_refused",
    # What the bytes of an image are.
    "image_not_base64",
    "image_empty",
    "unsupported_image_format",
    "unreadable_image",
    "pdf_protected",
    "image_too_many_pixels",
    "no_text_found",
}
# Sentences that have no code of their own.
_NOT_IN_A_SCHEMA = re.compile(
    # A cursor that the service did not make, a time in another century.
    r"cursor: |since: "
    # Ids beside a filter, more than a hundred of them in one text, a wait for no job.
    r"|\w+: no filter goes with |ids: at most |ids: name at least |wait: name the jobs "
    # A batch without one good entry.
    r"|(payload\.)?(items|texts)\.\d+"
    # A field of a form that has to hold JSON.
    r"|(metadata|callback): Input should be a valid dictionary"
    # A tenant beside all of them; conditions of which none is given; more than is looked at.
    r"|all_tenants: |where: |until: "
    # A code that a standard does not have.
    r"|(payload\.)?options\.(country|locale|default_currency): "
    # Nothing but spaces, which are stripped before the length is checked; U+0085, which is a space
    # to some engines of regular expressions.
    r"|.*: String should (have at least 1 character|match pattern .*s)"
)


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


@schemathesis.check
def invalid_requests_are_refused(
    context: CheckContext, response: Response, case: Case[Any]
) -> bool | None:
    """A request that does not fit its schema is refused, or its bad entries are reported.

    A bad entry of a batch refuses none of the others: `errors` has it.
    """
    done = case.method.upper() == "POST" and response.status_code in (200, 202)
    if done and _has_entry_errors(response.json()):
        return None
    return negative_data_rejection(context, response, case)


def _has_entry_errors(answer: Any) -> bool:
    """Whether an output, an envelope around one, a job with one or a batch reports bad entries."""
    if not isinstance(answer, dict):
        return False
    if any(result["error"] for result in answer.get("results") or ()):
        return True
    outputs = (answer, answer.get("payload"), answer.get("input_payload"))
    return any(isinstance(output, dict) and bool(output.get("errors")) for output in outputs)
