"""Whether work can be accepted and done: every dependency asked at once, and not for long."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, get_args

from api.front import Front
from shared.contracts.components import Component, ComponentReport, ComponentStatus
from shared.contracts.features import Queue
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


async def readiness(
    front: Front,
) -> tuple[Literal["ok", "degraded", "error"], dict[str, CheckFields]]:
    """The overall status and every check."""
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
    if checks[_ESSENTIAL]["status"] != "ok":
        return "error", checks
    fine = all(check["status"] in _FINE for name, check in checks.items() if name != _OPTIONAL)
    return ("ok" if fine else "degraded"), checks


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
    served = {queue for worker in workers for queue in worker.queues}
    return {
        "workers": {
            "status": "ok" if served >= set(Queue) else "degraded",
            "alive": len(workers),
            "queues": sorted(served),
        },
        **{name: _best(name, workers) for name in Component},
    }


def _best(component: Component, workers: Sequence[WorkerRecord]) -> CheckFields:
    """What the worker that can do most reports of a component."""
    reports = [
        ComponentReport.model_validate(worker.engines.get(component) or _UNKNOWN)
        for worker in workers
    ]
    best = min(reports, key=lambda report: _RANKS.index(report.status), default=_UNKNOWN)
    return best.model_dump(exclude=None if best.error else {"error"})
