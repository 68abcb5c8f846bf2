"""The tables of the order in the queues, of what they admit, and of their pauses."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.store.models.base import Base


class TenantTurn(Base):
    """The last turn that was given to a job of a tenant in one band of a queue."""

    __tablename__ = "tenant_turns"

    queue: Mapped[str] = mapped_column(primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(BigInteger)


class ReachedTurn(Base):
    """The latest turn of a band of a queue that a worker has come to. Newcomers begin there."""

    __tablename__ = "reached_turns"

    queue: Mapped[str] = mapped_column(primary_key=True)
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    turn: Mapped[int] = mapped_column(BigInteger)


class QueueAdmission(Base):
    """How many jobs a queue has ever admitted, and how many before the last statement that counted.

    A queue that has yet to admit any may have no row.
    """

    __tablename__ = "queue_admissions"

    queue: Mapped[str] = mapped_column(primary_key=True)
    admitted: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[int] = mapped_column(BigInteger)


class QueuePause(Base):
    """A queue that an operator has paused. It has no row while it is not paused."""

    __tablename__ = "queue_pauses"

    queue: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(server_default=func.now())
    paused_by: Mapped[str]
