"""Reads and writes the table of workers, which their heartbeats keep up to date."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.components import Component, ComponentReport
from shared.contracts.features import Queue
from shared.store.models import WorkerRecord


async def alive_workers(session: AsyncSession) -> Sequence[WorkerRecord]:
    """Return the workers that count as alive, ordered by id."""
    query = select(WorkerRecord).where(WorkerRecord.alive_until > func.now())
    return (await session.scalars(query.order_by(WorkerRecord.id))).all()


async def report_worker(
    session: AsyncSession,
    worker_id: str,
    *,
    version: str,
    queues: Sequence[Queue],
    slots: Mapping[Queue, int],
    components: Mapping[Component, ComponentReport],
    lease: float,
) -> None:
    """Insert or renew the row of a worker, which then counts as alive for `lease` seconds.

    `components` are stored in the column `engines`.
    """
    known = {
        "version": version,
        "queues": list(queues),
        "slots": dict(slots),
        "engines": {name: report.model_dump() for name, report in components.items()},
        "seen_at": func.now(),
        "alive_until": func.now() + timedelta(seconds=lease),
    }
    await session.execute(
        insert(WorkerRecord)
        .values(id=worker_id, **known)
        .on_conflict_do_update(index_elements=["id"], set_=known)
    )


async def remove_worker(session: AsyncSession, worker_id: str) -> None:
    """Delete the row of a worker that has stopped, so that it no longer counts as alive."""
    await session.execute(delete(WorkerRecord).where(WorkerRecord.id == worker_id))
