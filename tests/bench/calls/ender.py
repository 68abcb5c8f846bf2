"""Ends jobs at an exact pace, as a worker would, without doing any work."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.wire.messenger import Messenger
from tests.bench.running.system import TENANT, System

_PAYLOAD = json.dumps({"item_name": "Milk", "candidate_labels": ["Dairy"]})
_OUTPUT = json.dumps(
    {
        "category": "Dairy",
        "confidence": 0.9,
        "confidence_level": "high",
        "all_scores": {f"label {number}": 0.01 for number in range(50)},
        "processing_time_ms": 1.0,
    }
)


@dataclass(frozen=True)
class Ender:
    """Stands in for the workers: the jobs are ended in Postgres and announced in Redis."""

    database: asyncpg.Connection
    messenger: Messenger

    async def begin(self, count: int) -> list[UUID]:
        """Make `count` jobs that run."""
        rows = await self.database.fetch(
            """INSERT INTO jobs (id, tenant_id, feature, queue, payload, trace_carrier,
                                 request_hash, state, worker_id, attempt, started_at, lease_until)
               SELECT gen_random_uuid(), $1, 'categorization', 'items', $2, '{}', '',
                      'running', 'bench', 1, now(), now() + interval '1 hour'
               FROM generate_series(1, $3) RETURNING id""",
            TENANT,
            _PAYLOAD,
            count,
        )
        return [UUID(str(row["id"])) for row in rows]

    async def end(self, jobs: Sequence[UUID], pause: float) -> dict[UUID, float]:
        """End the jobs, one after each pause or all with one statement.

        Returns the Unix time, by Postgres's clock, at which each ended.
        """
        ended: dict[UUID, float] = {}
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number, batch in enumerate([[job] for job in jobs] if pause else [list(jobs)]):
            await asyncio.sleep(begin + number * pause - loop.time())
            rows = await self.database.fetch(
                """UPDATE jobs SET state = 'succeeded', worker_id = NULL, lease_until = NULL,
                   output = $2, model_id = 'bench', model_version = '1',
                   finished_at = clock_timestamp() WHERE id = ANY($1)
                   RETURNING id, extract(epoch FROM finished_at)::float AS at""",
                batch,
                _OUTPUT,
            )
            ended |= {UUID(str(row["id"])): row["at"] for row in rows}
            await self.messenger.report(batch)
        return ended


@asynccontextmanager
async def ender_of(system: System) -> AsyncIterator[Ender]:
    """Yield what ends jobs of a system."""
    messenger = Messenger(system.settings())
    async with system.database() as database:
        try:
            yield Ender(database, messenger)
        finally:
            await messenger.close()
