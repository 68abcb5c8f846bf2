"""Problem documents (RFC 9457), which are how every error is sent over HTTP."""

from shared.contracts.text import Contract
from shared.errors import ErrorClass

PROBLEM_MEDIA_TYPE = "application/problem+json"
# `type` of a problem document is this and the code.
PROBLEM_TYPE = "urn:grocery-planner-ai:problem:"


class FieldProblem(Contract):
    """One field that does not fit the contract. `field` is its dotted path."""

    field: str
    message: str


class Problem(Contract):
    """A problem document. `error` is a stable code; `error_class` says what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    error: str
    error_class: ErrorClass
    retryable: bool
    request_id: str | None
    trace_id: str | None
    fields: list[FieldProblem] | None = None
