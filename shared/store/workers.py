"""Reads and writes the table of workers, which their heartbeats keep up to date."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport
from shared.store.models import WorkerRecord


async def alive_workers(session: AsyncSession) -> Sequence[WorkerRecord]:
    """Return the workers that count as alive, ordered by id."""
    query = select(WorkerRecord).where(WorkerRecord.alive_until > func.now())
    return (await session.scalars(query.order_by(WorkerRecord.id))).all()


def component_reports(worker: WorkerRecord) -> dict[Component, ComponentReport]:
    """Return what a worker reported about each component that it knows and we know."""
    return {
        component: _from_stored(worker.engines[component])
        for component in Component
        if component in worker.engines
    }


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
        "engines": {name: _to_stored(report) for name, report in components.items()},
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


def _to_stored(report: ComponentReport) -> dict[str, Any]:
    """Store `loading` as `not_loaded` and a field `loading`.

    A front of 0.1.0 answers 500 if it finds a status that it does not know, but ignores unknown
    fields. Fronts and workers are replaced one by one, in any order.
    """
    stored = report.model_dump()
    if report.status == "loading":
        return {**stored, "status": "not_loaded", "loading": True}
    return stored


def _from_stored(stored: Mapping[str, Any]) -> ComponentReport:
    report = ComponentReport.model_validate(stored)
    return report.model_copy(update={"status": "loading"}) if stored.get("loading") else report
