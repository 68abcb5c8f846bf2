"""Reads the callbacks of a job and their deliveries, counts them all, and redelivers by hand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.callbacks import DeliveryState
from shared.store.models import CallbackDelivery, JobCallback
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement


async def callbacks_of(
    session: AsyncSession, job_id: UUID
) -> list[tuple[JobCallback, Sequence[CallbackDelivery]]]:
    """Return the callbacks of a job, each with its deliveries. Both are ordered oldest first."""
    query = (
        select(JobCallback)
        .where(JobCallback.job_id == job_id)
        .order_by(JobCallback.created_at, JobCallback.id)
    )
    callbacks = (await session.scalars(query)).all()
    deliveries = (
        select(CallbackDelivery)
        .where(CallbackDelivery.callback_id.in_([callback.id for callback in callbacks]))
        .order_by(CallbackDelivery.created_at, CallbackDelivery.id)
    )
    found = (await session.scalars(deliveries)).all() if callbacks else []
    by_callback = defaultdict(list)
    for delivery in found:
        by_callback[delivery.callback_id].append(delivery)
    return [(callback, by_callback[callback.id]) for callback in callbacks]


async def url_of_delivery(session: AsyncSession, job_id: UUID, delivery_id: UUID) -> str | None:
    """Return the URL that a delivery goes to, or None if the job has no such delivery."""
    query = (
        select(JobCallback.url)
        .join(CallbackDelivery, CallbackDelivery.callback_id == JobCallback.id)
        .where(JobCallback.job_id == job_id, CallbackDelivery.id == delivery_id)
    )
    return (await session.scalars(query)).one_or_none()


async def redeliver(
    session: AsyncSession, job_id: UUID, delivery_id: UUID
) -> CallbackDelivery | None:
    """Make a delivery of the job due at once, for another LIFETIME, whatever its state is.

    Returns the delivery, or None if the job has no such delivery.
    """
    of_job = select(JobCallback.id).where(JobCallback.job_id == job_id)
    change = (
        update(CallbackDelivery)
        .where(CallbackDelivery.id == delivery_id, CallbackDelivery.callback_id.in_(of_job))
        .values(
            state=DeliveryState.PENDING,
            attempts=0,
            due_at=func.now(),
            pending_since=func.now(),
            delivered_at=None,
        )
        .returning(CallbackDelivery)
    )
    return (await session.scalars(change)).one_or_none()


_COUNT = Statement(
    "deliveries.count",
    "select",
    """
    SELECT
        count(*) AS pending,
        coalesce(extract(epoch FROM now() - min(pending_since)), 0) AS oldest_age,
        (SELECT count(*) FROM callback_deliveries WHERE state = 'dead') AS dead
    FROM callback_deliveries WHERE state = 'pending'
    """,
)


@dataclass(frozen=True, kw_only=True)
class CallbackStats:
    """Numbers of deliveries, and for how many seconds the oldest pending one has been pending.

    `oldest_age` is 0 if none is pending.
    """

    pending: int
    dead: int
    oldest_age: float


async def callback_stats(database: Database) -> CallbackStats:
    """Count the pending and the dead deliveries, by the indexes of each."""
    (row,) = await database.fetch(_COUNT)
    return CallbackStats(
        pending=row["pending"], dead=row["dead"], oldest_age=float(row["oldest_age"])
    )
