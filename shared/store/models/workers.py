"""The table of workers."""

from datetime import datetime
from typing import Any

from sqlalchemy import false, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.store.models.base import Base


class WorkerRecord(Base):
    """A worker, and what it can do. Its heartbeat renews the row while it is alive."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    queues: Mapped[list[str]]
    # How many jobs the worker runs at once, by queue.
    slots: Mapped[dict[str, Any]]
    engines: Mapped[dict[str, Any]]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # When the worker stops counting as alive unless another heartbeat comes.
    alive_until: Mapped[datetime]
    # When its heartbeat was the first of any worker for a while, as after an outage of Postgres.
    ended_silence_at: Mapped[datetime | None]
    # Whether another session had a row locked whose lease its last heartbeat had to renew.
    skipped: Mapped[bool] = mapped_column(server_default=false())
    # When an operator asked the worker to take no more jobs. Its heartbeat reads it.
    drain_requested_at: Mapped[datetime | None]
