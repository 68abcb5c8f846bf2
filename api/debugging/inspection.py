"""For those who evaluate code in a front (Tidewave's `project_eval`): what is asked for most."""

import asyncio
from typing import Any

from shared.settings import Settings
from shared.store.database import Database
from shared.store.workers import alive_workers


def components() -> dict[str, dict[str, Any]]:
    """What every live worker last reported of its components: by worker and component, the status
    and the model. Components live in workers alone; a front has none."""
    return asyncio.run(_components(Settings()))


async def _components(settings: Settings) -> dict[str, dict[str, Any]]:
    # With connections of its own: an evaluation is another process than the front.
    database = Database.of(settings, process="inspection", pool_size=1, transaction_limit=5)
    try:
        async with database.transaction() as session:
            return {worker.id: worker.engines for worker in await alive_workers(session)}
    finally:
        await database.close()
