"""Bulk operations: a retry or a cancellation of all jobs that meet conditions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.search.conditions import Conditions
from shared.contracts.text import Contract, Identifier


class BulkAction(StrEnum):
    """What a bulk operation does to each job."""

    RETRY = "retry"
    CANCEL = "cancel"


class BulkState(StrEnum):
    """How far a bulk operation is: running → finished | stopped."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class BulkRequest(Contract):
    """Which jobs to retry or to cancel.

    With `dry_run` nothing is changed. Without any condition `all` has to be true. A retry is for
    jobs that failed, unless `where` names ids or another status.
    """

    tenant_id: Identifier | None = None
    where: Conditions = Field(default_factory=Conditions)
    all: bool = False
    dry_run: bool = False


class BulkPreview(Contract):
    """What a bulk operation would be about: how many jobs, and the ids of the first of them.

    `at_least` is true if there are more than `matched`, which counts up to 10,000.
    """

    matched: int
    at_least: bool
    sample: list[UUID]


class BulkOperationView(Contract):
    """A bulk operation, and how far it has come.

    `tenants` is null for one across all tenants. `matched` is how many jobs met the conditions when
    it began, up to 10,000. `done` counts the jobs that were retried or cancelled, and `skipped`
    those that could not be, which `refusals` counts by code. `waits_for` is the code of what it
    waits for, such as `queue_full`, or null. `actor` is the id of a token, or `anybody`.
    """

    id: UUID
    action: BulkAction
    where: Conditions
    tenants: list[str] | None
    actor: str
    state: BulkState
    waits_for: str | None
    matched: int
    done: int
    skipped: int
    refusals: dict[str, int]
    created_at: datetime
    changed_at: datetime
    finished_at: datetime | None


class BulkOperationList(Contract):
    """The latest bulk operations, newest first."""

    operations: list[BulkOperationView]
