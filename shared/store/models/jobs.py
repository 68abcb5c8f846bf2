"""The tables of jobs, their attempts and their images."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from shared.contracts.jobs import JobStatus
from shared.store.models.base import Base

# The condition of the index of live jobs. A query that repeats it can use the index even if it is
# planned before the values of its parameters are known.
LIVE = literal_column("state IN ('queued', 'running')", Boolean)
_ENDED = text("finished_at IS NOT NULL")
_STATES = ", ".join(f"'{status}'" for status in JobStatus)


class Job(Base):
    """A request and what became of it. Only `shared/store/transitions/` changes its state."""

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[str]
    user_id: Mapped[str | None]
    request_id: Mapped[str | None]
    feature: Mapped[str]
    queue: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="0")
    # The place in the queue: the band, where a higher one goes first, and the turn in the band.
    # Null in rows of code from before 0.2.0, which orders them by time and priority. A job that was
    # queued again has no turn until it is due.
    band: Mapped[int | None] = mapped_column(SmallInteger)
    turn: Mapped[int | None] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    trace_carrier: Mapped[dict[str, str]]

    # The caller's own key, the key that waiting calls make from their content, and the hash of the
    # work that either key stands for.
    idempotency_key: Mapped[str | None]
    content_key: Mapped[str | None]
    request_hash: Mapped[str]

    state: Mapped[str] = mapped_column(server_default=JobStatus.QUEUED.value)
    # The fence against late writes: every transition that needs a new message increments it.
    dispatch: Mapped[int] = mapped_column(server_default="1")
    # When the message of this dispatch was published; null while it has yet to be, because the
    # broker is unavailable or `queued_at` lies in the future.
    published_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default="0")
    worker_id: Mapped[str | None]
    # Not indexed, so that renewing it stays a heap-only (HOT) update.
    lease_until: Mapped[datetime | None]
    # How many attempts ended in each error class since the job was last retried by hand.
    spent_transient: Mapped[int] = mapped_column(server_default="0")
    spent_timeout: Mapped[int] = mapped_column(server_default="0")
    spent_crashed: Mapped[int] = mapped_column(server_default="0")
    spent_bug: Mapped[int] = mapped_column(server_default="0")
    # When somebody asked to cancel the job.
    cancel_requested_at: Mapped[datetime | None]

    # JSON and not JSONB, which would reorder the keys that callers see.
    output: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None]
    # What failures of the same kind have in common. A trigger sets it when the job fails.
    fingerprint: Mapped[str | None]
    model_id: Mapped[str | None]
    model_version: Mapped[str | None]

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Since when the job has waited to run; lies in the future while a retry is not yet due.
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="worker"),
        Index(
            "uq_jobs_idempotency_key",
            "tenant_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "uq_jobs_live_content_key",
            "tenant_id",
            "content_key",
            unique=True,
            postgresql_where=text("content_key IS NOT NULL AND state IN ('queued', 'running')"),
        ),
        Index(
            "ix_jobs_content_key",
            "tenant_id",
            "content_key",
            "created_at",
            postgresql_where=text("content_key IS NOT NULL"),
        ),
        # Lists: see shared/store/search/ordered.py.
        Index(
            "ix_jobs_ended_state",
            "tenant_id",
            "state",
            "created_at",
            "id",
            postgresql_where=_ENDED,
        ),
        Index(
            "ix_jobs_ended_feature",
            "tenant_id",
            "feature",
            "state",
            "created_at",
            "id",
            postgresql_where=_ENDED,
        ),
        # Across tenants.
        Index("ix_jobs_ended", "state", "created_at", "id", postgresql_where=_ENDED),
        Index(
            "ix_jobs_failures",
            "fingerprint",
            "created_at",
            "id",
            postgresql_where=text("state = 'failed'"),
            postgresql_include=["tenant_id", "feature", "finished_at"],
        ),
        Index(
            "ix_jobs_ended_request",
            "request_id",
            postgresql_where=text("finished_at IS NOT NULL AND request_id IS NOT NULL"),
        ),
        Index(
            "ix_jobs_ended_trace",
            text("substr(trace_carrier->>'traceparent', 4, 32)"),
            postgresql_where=_ENDED,
        ),
        Index("ix_jobs_live", "queue", "queued_at", postgresql_where=LIVE),
        Index(
            "ix_jobs_unpublished",
            "queued_at",
            postgresql_where=text("state = 'queued' AND published_at IS NULL"),
        ),
        Index("ix_jobs_finished", "finished_at", postgresql_where=_ENDED),
        Index("ix_jobs_worker", "worker_id", postgresql_where=text("state = 'running'")),
    )


class JobAttempt(Base):
    """An attempt of a job. The row is written once, when the attempt ends."""

    __tablename__ = "job_attempts"

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    worker_id: Mapped[str]
    error: Mapped[dict[str, Any] | None]
    stages: Mapped[list[dict[str, Any]]]
    trace_id: Mapped[str | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())


class JobImage(Base):
    """The image of a receipt job, in a table of its own so that no query on jobs loads it.

    It is either the `content`, or the URL and the size in bytes of an object in an object store.
    """

    __tablename__ = "job_images"

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes | None]
    object_url: Mapped[str | None]
    object_size: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint(
            "(content IS NULL) = (object_url IS NOT NULL AND object_size IS NOT NULL)",
            name="place",
        ),
    )
