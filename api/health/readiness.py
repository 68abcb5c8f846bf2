"""Whether work can be accepted and done: every dependency asked at once, and not for long."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, get_args

from api.front import Front
from shared.contracts.components import Component, ComponentReport, ComponentStatus
from shared.contracts.features import Queue
from shared.contracts.health import HealthStatus
from shared.dependencies import answer
from shared.errors import Draining, ServiceError
from shared.store.models import WorkerRecord
from shared.store.schema import check_schema
from shared.store.workers import alive_workers

CheckFields = dict[str, Any]

_RANKS = get_args(ComponentStatus)
_UNKNOWN = ComponentReport(status="not_loaded")

# Without these nothing can be accepted; without the others it will only wait.
_ESSENTIAL = "database"
_FINE = ("ok", "available", "not_loaded")
# Told, but not counted: nothing needs it unless it is chosen, and then `ocr` says so.
_OPTIONAL = Component.TESSERACT


async def readiness(front: Front) -> tuple[HealthStatus, dict[str, CheckFields]]:
    """Ask everything the service depends on; returns the overall status and every check by name."""
    names: dict[str, Callable[[Front], Awaitable[dict[str, CheckFields]]]] = {
        "database": _database,
        "redis": _redis,
        "queue": _queue,
        "workers": _workers,
    }
    results = await asyncio.gather(*(_limited(front, name, check) for name, check in names.items()))
    checks = {name: check for result in results for name, check in result.items()}
    if front.draining.begun:
        return "error", {**checks, "draining": {"status": "error", "error": Draining.detail}}
    return overall(_ESSENTIAL, checks), checks


def overall(essential: str, checks: Mapping[str, CheckFields]) -> HealthStatus:
    """What several checks come to: `error` if the `essential` one fails, `degraded` if another
    does, `loading` if there is nothing to do but wait."""
    if checks[essential]["status"] == "error":
        return "error"
    statuses = {check["status"] for name, check in checks.items() if name != _OPTIONAL}
    unwell = statuses.difference(_FINE)
    if not unwell:
        return "ok"
    return "loading" if unwell == {"loading"} else "degraded"


async def _limited(
    front: Front, name: str, check: Callable[[Front], Awaitable[dict[str, CheckFields]]]
) -> dict[str, CheckFields]:
    try:
        return await answer(check(front), front.settings.probe_patience)
    except ServiceError as error:
        return {name: {"status": "error", "error": error.detail}}


async def _database(front: Front) -> dict[str, CheckFields]:
    await check_schema(front.database)
    return {"database": {"status": "ok"}}


async def _redis(front: Front) -> dict[str, CheckFields]:
    await front.messenger.ping()
    if not front.waiters.listening:
        return {"redis": {"status": "degraded", "error": "not subscribed to announcements"}}
    return {"redis": {"status": "ok"}}


async def _queue(front: Front) -> dict[str, CheckFields]:
    stats = await front.admission.stats()
    waiting = {
        queue: {"depth": numbers.depth, "oldest_age": numbers.oldest_age}
        for queue, numbers in stats.items()
    }
    return {"queue": {"status": "ok", "waiting": waiting}}


async def _workers(front: Front) -> dict[str, CheckFields]:
    """The workers that are alive, and the best that any of them reports of each component."""
    async with front.database.transaction() as session:
        workers = await alive_workers(session)
    return {"workers": _serving(workers), **{name: _best(name, workers) for name in Component}}


def _serving(workers: Sequence[WorkerRecord]) -> CheckFields:
    """`ok` when every queue has a worker that has loaded its components, `loading` when every queue
    has at least one that is about to."""
    alive = {queue for worker in workers for queue in worker.queues}
    ready = {queue for worker in workers if not _is_loading(worker) for queue in worker.queues}
    status: HealthStatus = "degraded"
    if alive.issuperset(Queue):
        status = "ok" if ready.issuperset(Queue) else "loading"
    return {"status": status, "alive": len(workers), "queues": sorted(alive)}


def _is_loading(worker: WorkerRecord) -> bool:
    return any(report["status"] == "loading" for report in worker.engines.values())


def _best(component: Component, workers: Sequence[WorkerRecord]) -> CheckFields:
    """What the worker that can do most reports of a component."""
    reports = [
        ComponentReport.model_validate(worker.engines.get(component) or _UNKNOWN)
        for worker in workers
    ]
    best = min(reports, key=lambda report: _RANKS.index(report.status), default=_UNKNOWN)
    return best.model_dump(exclude=None if best.error else {"error"})
