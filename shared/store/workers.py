"""Reads and writes the table of workers, which their heartbeats keep up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport
from shared.store.hot.leases import Leases
from shared.store.models import Job, WorkerRecord

# For how many seconds after its last heartbeat a worker that ended or died still counts as one that
# serves its queues. A replaced worker is back within this time, and callers wait for it meanwhile.
REPLACED_WITHIN = 15


@dataclass(frozen=True, kw_only=True)
class QueueWorkers:
    """The workers of one queue.

    `workers` counts those that are alive and take jobs, and `slots` how many jobs they run at once.
    `served` is false if no worker of the queue is alive, and none was in the last 15 seconds.
    `loading` is true if all of the `workers` still load their components. `heartbeats` has, by the
    id of the worker, how many seconds ago the last heartbeat was of each that was seen within a
    minute, alive or not.
    """

    workers: int = 0
    slots: int = 0
    served: bool = False
    loading: bool = False
    heartbeats: Mapping[str, float] = field(default_factory=dict)


def workers_by_queue(rows: Sequence[Mapping[str, Any]]) -> dict[Queue, QueueWorkers]:
    """Return the workers of every queue.

    A row has what a worker's has as `id`, `queues`, `slots` and `engines`, whether it is `alive`,
    whether an operator `drains` it, and as `age` the seconds since its last heartbeat.
    """
    seen = [_seen(**row) for row in rows]
    return {queue: _of_queue(queue, seen) for queue in Queue}


@dataclass(frozen=True)
class _Seen:
    """A worker, whether it is alive and drained, and the seconds since its last heartbeat."""

    worker: WorkerRecord
    alive: bool
    drains: bool
    age: float


def _seen(*, alive: bool, drains: bool, age: float, **columns: Any) -> _Seen:
    return _Seen(WorkerRecord(**columns), alive=alive, drains=drains, age=age)


def _of_queue(queue: Queue, seen: Sequence[_Seen]) -> QueueWorkers:
    serving = [entry.worker for entry in seen if entry.alive and queue in entry.worker.queues]
    # A worker that ends names no queues any more, but still the slots of those it served. One that
    # an operator drains stays, and serves nothing.
    served = [entry for entry in seen if queue in entry.worker.slots and not entry.drains]
    return QueueWorkers(
        workers=len(serving),
        slots=sum(worker.slots.get(queue, 0) for worker in serving),
        served=any(entry.alive or entry.age < REPLACED_WITHIN for entry in served),
        loading=bool(serving) and all(is_loading(worker) for worker in serving),
        heartbeats={entry.worker.id: entry.age for entry in served},
    )


def is_loading(worker: WorkerRecord) -> bool:
    """Return whether a worker is still loading a component."""
    return any(report.status == "loading" for report in component_reports(worker).values())


async def alive_workers(session: AsyncSession) -> Sequence[WorkerRecord]:
    """Return the workers that count as alive, ordered by id."""
    query = select(WorkerRecord).where(WorkerRecord.alive_until > func.now())
    return (await session.scalars(query.order_by(WorkerRecord.id))).all()


def were_renewable(leases: Leases) -> ColumnElement[bool]:
    """Return, as SQL, whether every worker that lives could have renewed its leases by now.

    While Postgres takes no writes, no heartbeat of any worker is stored, and all leases run out
    though every worker lives. The first heartbeat after such a silence is noted, and from then on
    workers have the time of a lease. All of this is in the rows and on the clock of Postgres, so
    that a worker that has just started, or a standby that has taken over, judges alike. If there is
    no worker, nothing says that Postgres was away.
    """
    latest = select(func.max(WorkerRecord.seen_at)).scalar_subquery()
    resumed = select(WorkerRecord.id).where(
        WorkerRecord.ended_silence_at > func.now() - _seconds(leases.last)
    )
    heard = func.coalesce(latest > func.now() - _seconds(leases.silence), True)
    return and_(heard, ~resumed.exists())


def could_renew() -> ColumnElement[bool]:
    """Return, as SQL, whether nothing kept the worker of a job from renewing its leases.

    If a row was locked when the last heartbeat came, its worker renews the lease with the next, if
    it lives.
    """
    kept = select(WorkerRecord.id).where(
        WorkerRecord.id == Job.worker_id,
        WorkerRecord.skipped,
        WorkerRecord.alive_until > func.now(),
    )
    return ~kept.exists()


def _seconds(number: float) -> ColumnElement[timedelta]:
    return literal(timedelta(seconds=number))


def component_reports(worker: WorkerRecord) -> dict[Component, ComponentReport]:
    """Return what a worker reported about each component that it knows and we know."""
    return {
        component: _from_stored(worker.engines[component])
        for component in Component
        if component in worker.engines
    }


async def end_worker(session: AsyncSession, worker_id: str, leases: Leases) -> None:
    """Note that a worker has stopped. Its row stays for a day, and shows when that was.

    Like a heartbeat, this may be the first word of any worker after a silence, and notes that.
    """
    latest = select(func.max(WorkerRecord.seen_at)).scalar_subquery()
    silent = latest < func.now() - _seconds(leases.silence)
    silence = case((silent, func.now()), else_=WorkerRecord.ended_silence_at)
    ended = update(WorkerRecord).where(WorkerRecord.id == worker_id)
    await session.execute(
        ended.values(seen_at=func.now(), alive_until=func.now(), ended_silence_at=silence)
    )


def to_stored(report: ComponentReport) -> dict[str, Any]:
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
