"""Failures: failed jobs in groups of the same kind."""

from datetime import datetime
from uuid import UUID

from shared.contracts.text import Contract
from shared.errors import ErrorClass


class FailureGroup(Contract):
    """Failed jobs with the same fingerprint: error class, code, place, and message.

    `message` is the detail of the error with placeholders for ids, numbers and quoted text. `place`
    is where in the code a bug is, else null. `tenants` counts the tenants. `trend` has the number
    of jobs that failed in each of the last 24 hours, the oldest hour first. `example` is the latest
    of the jobs.
    """

    fingerprint: str
    error_class: ErrorClass
    code: str
    place: str | None
    message: str
    count: int
    tenants: int
    first_seen: datetime
    last_seen: datetime
    trend: list[int]
    example: UUID


class FailureList(Contract):
    """Groups of failures, the latest first. There are more than these if `at_least` is true."""

    groups: list[FailureGroup]
    at_least: bool
