"""Drains a worker for an operator, or has it go on."""

from api.front import Front
from api.operating.queues import publish_change
from shared.contracts.features import Queue
from shared.contracts.service.workers import WorkerView
from shared.rejections import WorkerNotFound
from shared.store.access.audit import record
from shared.store.fleet import known_worker, seen_workers, set_drained


async def workers(front: Front) -> list[WorkerView]:
    """Return the workers that were seen within a day. Raises DatabaseUnavailable."""
    return await seen_workers(front.database.fetch, late_after=_late_after(front))


async def drain(front: Front, worker_id: str, actor: str, request_id: str | None) -> WorkerView:
    """Have a worker take no more jobs, and return it as it is then.

    Raises WorkerNotFound and DatabaseUnavailable.
    """
    return await _change(front, worker_id, actor, request_id, drains=True)


async def resume(front: Front, worker_id: str, actor: str, request_id: str | None) -> WorkerView:
    """Have a worker take jobs again, and return it as it is then.

    Raises WorkerNotFound and DatabaseUnavailable.
    """
    return await _change(front, worker_id, actor, request_id, drains=False)


async def _change(
    front: Front, worker_id: str, actor: str, request_id: str | None, *, drains: bool
) -> WorkerView:
    if "\x00" in worker_id:
        # Postgres can store no such id, nor compare one.
        raise WorkerNotFound
    async with front.database.transaction() as session:
        if await set_drained(session, worker_id, drains=drains):
            action = "worker.drain" if drains else "worker.resume"
            await record(session, action, actor, worker_id, request_id=request_id)
    late_after = _late_after(front)
    found = await known_worker(front.database.fetch, worker_id, late_after=late_after)
    if found is None:
        raise WorkerNotFound
    for queue in found.slots:
        await publish_change(front, Queue(queue))
    await front.admission.renew()
    return found


def _late_after(front: Front) -> float:
    """Return after how many seconds a heartbeat is late: two of them did not come."""
    return 3 * front.settings.heartbeat
