"""Helpers for code that is evaluated in a front, by Tidewave's `project_eval`."""

import asyncio
from typing import Any

from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.store.workers import alive_workers, component_reports


def components() -> dict[str, dict[str, Any]]:
    """Return what every live worker last reported about its components.

    The result maps worker id and component to status and model. A front has no components.
    """
    return asyncio.run(_components(Settings()))


async def _components(settings: Settings) -> dict[str, dict[str, Any]]:
    # An evaluation is a process of its own and cannot use the front's connections.
    database = Database.from_settings(
        settings, process="inspection", pool_size=1, transaction_limit=5
    )
    try:
        async with database.transaction() as session:
            return {
                worker.id: {
                    component.value: report.model_dump()
                    for component, report in component_reports(worker).items()
                }
                for worker in await alive_workers(session)
            }
    finally:
        await database.close()
