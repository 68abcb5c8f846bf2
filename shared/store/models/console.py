"""The tables of the console: sessions of people, bulk operations, and samples of the queues."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.store.models.base import Base


class ConsoleSession(Base):
    """Somebody who has logged in to the console with a token. Only hashes are stored.

    `key_hash` is the sha256 of the key in the cookie, `token_hash` that of the whole token.
    """

    __tablename__ = "console_sessions"

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    token_id: Mapped[str]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_console_sessions_expires_at", "expires_at"),)


class BulkOperation(Base):
    """A retry or a cancellation of all jobs that meet conditions, and how far it has come.

    `conditions` are those of a search. `tenants` is None for one across all tenants. Jobs are taken
    in the order of `created_at` and `id`, and those up to `after_created_at` and `after_id` are
    done with. A front locks the row while it works on a chunk of them, and any front may take the
    next one from `due_at` on.
    """

    __tablename__ = "bulk_operations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    action: Mapped[str]
    conditions: Mapped[dict[str, Any]]
    tenants: Mapped[list[str] | None]
    actor: Mapped[str]
    request_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="running")
    # How many jobs met the conditions when it began, at least.
    matched: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    skipped: Mapped[int] = mapped_column(server_default="0")
    # How many jobs were skipped for each reason, by its code.
    refusals: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    after_created_at: Mapped[datetime | None]
    after_id: Mapped[UUID | None]
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The code of what it waits for, such as `queue_full`.
    waits_for: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('running', 'finished', 'stopped')", name="state"),
        CheckConstraint("action IN ('retry', 'cancel')", name="action"),
        Index(
            "ix_bulk_operations_running", "created_at", postgresql_where=text("state = 'running'")
        ),
        Index("ix_bulk_operations_created_at", "created_at"),
    )


class QueueSample(Base):
    """The figures of a queue at one moment, every ten seconds, for the pictures of the console.

    `finished` counts the jobs that ended in the minute before, `admitted` all that the queue has
    ever admitted, and `oldest_age` is in seconds.
    """

    __tablename__ = "queue_samples"

    queue: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    depth: Mapped[int]
    running: Mapped[int]
    slots: Mapped[int]
    finished: Mapped[int]
    oldest_age: Mapped[float]
    admitted: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_queue_samples_at", "at"),)
