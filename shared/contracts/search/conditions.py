"""The conditions by which jobs are found, in lists as in bulk operations."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.contracts.text import STORABLE, Contract, Identifier, WithoutNullBytes
from shared.errors import ErrorClass

# A time with an offset, in a range in which Postgres can compare it.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC)),
]
TraceId = Annotated[
    str,
    StringConstraints(to_lower=True, pattern="^[0-9a-fA-F]{32}$"),
    Field(examples=["97c83a495f9af4370b0c6e0205cff509"]),
]
Fingerprint = Annotated[
    str,
    StringConstraints(to_lower=True, pattern="^[0-9a-fA-F]{12}$"),
    Field(examples=["5f2a9c03d1be"]),
]


class Filters(Contract):
    """Which jobs to list: those that meet every condition that is not null.

    `since` and `until` bound the time of acceptance: from `since` on, and before `until`. `text` is
    in the input of the job, in upper or lower case. `worker_id` ran an attempt of it. `code` and
    `error_class` are those of its last error.
    """

    status: JobStatus | None = None
    feature: Feature | None = None
    request_id: Identifier | None = None
    trace_id: TraceId | None = None
    error_class: ErrorClass | None = None
    code: Annotated[str, StringConstraints(max_length=100), STORABLE, WithoutNullBytes] | None = (
        None
    )
    fingerprint: Fingerprint | None = None
    worker_id: (
        Annotated[str, StringConstraints(max_length=300), STORABLE, WithoutNullBytes] | None
    ) = None
    since: Moment | None = None
    until: Moment | None = None
    text: (
        Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE, WithoutNullBytes]
        | None
    ) = None


class Conditions(Filters):
    """Which jobs are meant: those that meet every condition, and are among `ids` if there are."""

    ids: Annotated[list[UUID] | None, Field(max_length=500)] = None
