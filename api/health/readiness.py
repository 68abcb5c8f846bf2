"""Readiness: checks every dependency at the same time, each with a time limit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, get_args

from api.front import Front
from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport, ComponentStatus
from shared.contracts.service.health import HealthStatus, without_details
from shared.dependencies import answer_within
from shared.errors import DatabaseReadOnly, Draining, ServiceError
from shared.store.models import WorkerRecord
from shared.store.schema import check_usable
from shared.store.workers import alive_workers, component_reports, is_loading

CheckFields = dict[str, Any]

_RANKS = get_args(ComponentStatus)
_UNKNOWN = ComponentReport(status="not_loaded")

# Without the database nothing can be accepted; without the others, accepted jobs wait.
_ESSENTIAL = "database"
_FINE = ("ok", "available", "not_loaded")
# Shown but not counted: Tesseract matters only if it is chosen, and then `ocr` reports it.
_OPTIONAL = Component.TESSERACT


async def readiness(front: Front) -> tuple[HealthStatus, dict[str, CheckFields]]:
    """Check everything the service depends on. Return the overall status, and checks by name."""
    sources: dict[str, Callable[[Front], Awaitable[dict[str, CheckFields]]]] = {
        "database": _database,
        "redis": _redis,
        "queue": _queue,
        "workers": _workers,
    }
    if front.images.objects is not None:
        sources["image_store"] = _image_store
    results = await asyncio.gather(
        *(_limited(front, name, check) for name, check in sources.items())
    )
    checks = {name: check for result in results for name, check in result.items()}
    if front.settings.environment == "production":
        checks = {name: without_details(check) for name, check in checks.items()}
    if front.draining.begun:
        return "error", {**checks, "draining": {"status": "error", "error": Draining.detail}}
    return overall(_ESSENTIAL, checks), checks


def overall(essential: str, checks: Mapping[str, CheckFields]) -> HealthStatus:
    """Combine checks into one status.

    It is `error` if the `essential` check fails, `degraded` if another one does, `loading` if every
    check that is not fine is loading, and else `ok`.
    """
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
        return await answer_within(check(front), front.settings.probe_patience)
    except DatabaseReadOnly as error:
        return {name: {"status": "error", "error": error.detail, "read_only": True}}
    except ServiceError as error:
        return {name: {"status": "error", "error": error.detail}}


async def _database(front: Front) -> dict[str, CheckFields]:
    await check_usable(front.database)
    return {"database": {"status": "ok"}}


async def _redis(front: Front) -> dict[str, CheckFields]:
    await front.messenger.ping()
    if not front.waiters.listening:
        return {"redis": {"status": "degraded", "error": "not subscribed to announcements"}}
    return {"redis": {"status": "ok"}}


async def _image_store(front: Front) -> dict[str, CheckFields]:
    await front.images.check()
    return {"image_store": {"status": "ok"}}


async def _queue(front: Front) -> dict[str, CheckFields]:
    stats = await front.admission.stats()
    waiting = {
        queue: {"depth": numbers.depth, "oldest_age": numbers.oldest_age}
        for queue, numbers in stats.items()
    }
    if paused := ", ".join(queue for queue, numbers in stats.items() if numbers.paused):
        error = f"Paused by an operator: {paused}."
        return {"queue": {"status": "degraded", "error": error, "waiting": waiting}}
    return {"queue": {"status": "ok", "waiting": waiting}}


async def _workers(front: Front) -> dict[str, CheckFields]:
    """Check the live workers, and each component by the best report that any of them gives."""
    async with front.database.transaction() as session:
        workers = await alive_workers(session)
    serving = _serving(workers, front.settings.worker_queues)
    return {"workers": serving, **{name: _best(name, workers) for name in Component}}


def _serving(workers: Sequence[WorkerRecord], expected: Sequence[Queue]) -> CheckFields:
    """Report `ok` if every expected queue has a worker that has loaded its components.

    Report `loading` if every one has a worker but some only have one that is still loading,
    `degraded` if one has no worker, and `error` if no worker is alive.
    """
    alive = {queue for worker in workers for queue in worker.queues}
    ready = {queue for worker in workers if not is_loading(worker) for queue in worker.queues}
    seen = {"alive": len(workers), "queues": sorted(alive)}
    if not workers:
        return {"status": "error", "error": "No worker is alive; jobs wait for one.", **seen}
    if unserved := ", ".join(queue for queue in expected if queue not in alive):
        return {"status": "degraded", "error": f"No worker serves {unserved}.", **seen}
    return {"status": "ok" if ready.issuperset(expected) else "loading", **seen}


def _best(component: Component, workers: Sequence[WorkerRecord]) -> CheckFields:
    """Return the report of the worker in which the component works best."""
    reports = [component_reports(worker).get(component, _UNKNOWN) for worker in workers]
    best = min(reports, key=lambda report: _RANKS.index(report.status), default=_UNKNOWN)
    return best.model_dump(exclude=None if best.error else {"error"})
