"""Errors over HTTP: RFC 9457 problem documents with our stable codes."""

from shared.contracts.text import Contract
from shared.errors import ErrorClass

PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(Contract):
    """One field that does not fit the contract. `field` is a dotted path."""

    field: str
    message: str


class Problem(Contract):
    """`error` is the stable code, `error_class` decides what a caller should do about it."""

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
