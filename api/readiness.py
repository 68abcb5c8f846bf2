"""Whether work can be accepted and done: every dependency asked at once, a second each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import func, select, text

from api.dependencies import Front
from shared.errors import ServiceError
from shared.models import WorkerRecord
from shared.queue_stats import queue_stats
from shared.schema import check_schema

Check = dict[str, Any]

_LIMIT = 1.0
# A worker that missed its heartbeats for so long counts as gone; seconds.
_ALIVE = 15
# Without these nothing can be accepted; without the others it will only wait.
_ESSENTIAL = "database"
_FINE = ("ok", "available", "not_loaded")


async def readiness(front: Front) -> tuple[Literal["ok", "degraded", "error"], dict[str, Check]]:
    """The overall status and every check."""
    names: dict[str, Callable[[Front], Awaitable[dict[str, Check]]]] = {
        "database": _database,
        "redis": _redis,
        "queue": _queue,
        "workers": _workers,
    }
    results = await asyncio.gather(*(_limited(name, check(front)) for name, check in names.items()))
    checks = {name: check for result in results for name, check in result.items()}
    if checks[_ESSENTIAL]["status"] != "ok":
        return "error", checks
    fine = all(check["status"] in _FINE for check in checks.values())
    return ("ok" if fine else "degraded"), checks


async def _limited(name: str, check: Awaitable[dict[str, Check]]) -> dict[str, Check]:
    try:
        return await asyncio.wait_for(check, _LIMIT)
    except TimeoutError:
        return {name: {"status": "error", "error": f"no answer within {_LIMIT:g} s"}}
    except ServiceError as error:
        return {name: {"status": "error", "error": error.detail}}


async def _database(front: Front) -> dict[str, Check]:
    await check_schema(front.database)
    return {"database": {"status": "ok"}}


async def _redis(front: Front) -> dict[str, Check]:
    await front.queue.ping()
    if not front.waiters.listening:
        return {"redis": {"status": "degraded", "error": "not subscribed to announcements"}}
    return {"redis": {"status": "ok"}}


async def _queue(front: Front) -> dict[str, Check]:
    async with front.database.transaction() as session:
        stats = await queue_stats(session)
    waiting = {queue: asdict(numbers) for queue, numbers in stats.items()}
    return {"queue": {"status": "ok", "waiting": waiting}}


async def _workers(front: Front) -> dict[str, Check]:
    """The workers that are alive, and the best that any of them says of each engine."""
    alive = WorkerRecord.seen_at > func.now() - text(f"interval '{_ALIVE} seconds'")
    async with front.database.transaction() as session:
        workers = (await session.scalars(select(WorkerRecord).where(alive))).all()
    served = {queue for worker in workers for queue in worker.queues}
    engines: dict[str, Any] = {}
    for worker in workers:
        engines.update({name: model for name, model in worker.engines.items() if model})
    return {
        "workers": {
            "status": "ok" if {"receipts", "items"} <= served else "degraded",
            "alive": len(workers),
            "queues": sorted(served),
        },
        "ocr": _engine(engines.get("ocr"), "ok"),
        "classifier": _engine(engines.get("classifier"), "ok"),
        "embedding_model": _engine(engines.get("embedding"), "available"),
    }


def _engine(model: str | None, loaded: str) -> Check:
    return {"status": loaded if model else "not_loaded", "model": model}
