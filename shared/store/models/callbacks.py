"""The tables of callbacks and of their deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.contracts.callbacks import DeliveryState
from shared.store.models.base import Base

_DELIVERY_STATES = ", ".join(f"'{state}'" for state in DeliveryState)


class JobCallback(Base):
    """A URL to notify of the end of a job. There is one row for each job and URL."""

    __tablename__ = "job_callbacks"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    url: Mapped[str]
    # The host of the URL. Workers share their time fairly between hosts.
    host: Mapped[str]
    events: Mapped[list[str]]
    include_output: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("uq_job_callbacks_job_id_url", "job_id", "url", unique=True),)


class CallbackDelivery(Base):
    """One ending of a job that one callback has to hear of.

    A trigger on `jobs` inserts the row in the transaction that ends the job, or else whoever asks
    for a callback after the end. `error` and `finished_at` are those of that ending, since a failed
    job may be retried by hand before the delivery succeeds.
    """

    __tablename__ = "callback_deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    callback_id: Mapped[UUID] = mapped_column(ForeignKey("job_callbacks.id", ondelete="CASCADE"))
    event: Mapped[str]
    host: Mapped[str]
    error: Mapped[dict[str, Any] | None]
    finished_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(server_default=DeliveryState.PENDING.value)
    # The requests made since `pending_since`; also the fence against late writes of a worker that
    # took longer than its claim lasted.
    attempts: Mapped[int] = mapped_column(server_default="0")
    # When the next attempt is due. A claim sets it to its own end.
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # When the delivery was created, or last asked for again by hand.
    pending_since: Mapped[datetime] = mapped_column(server_default=func.now())
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN ({_DELIVERY_STATES})", name="state"),
        Index("uq_callback_deliveries_ending", "callback_id", "event", "finished_at", unique=True),
        Index(
            "ix_callback_deliveries_pending",
            "host",
            "due_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_callback_deliveries_dead", "pending_since", postgresql_where=text("state = 'dead'")
        ),
    )
