"""Jobs that are put into Postgres and Redis without a front, for workers to run."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.contracts.features import Queue
from shared.wire.messages import NewMessage
from shared.wire.messenger import Messenger
from tests.bench.running.system import TENANT

_PAYLOAD = json.dumps({"item_name": "Milk", "candidate_labels": ["Dairy"]})
# Messages that are sent together.
_TOGETHER = 50


@dataclass(frozen=True)
class Queued:
    """Makes jobs, and reads what became of them."""

    database: asyncpg.Connection
    messenger: Messenger

    async def insert(self, count: int) -> list[NewMessage]:
        """Insert `count` rows, as a front would, without sending their messages."""
        rows = await self.database.fetch(
            """INSERT INTO jobs (id, tenant_id, feature, queue, payload, trace_carrier,
                                 request_hash)
               SELECT gen_random_uuid(), $1, 'categorization', 'items', $2, '{}', ''
               FROM generate_series(1, $3) RETURNING id, dispatch, priority, queued_at""",
            TENANT,
            _PAYLOAD,
            count,
        )
        return [
            NewMessage(
                job_id=UUID(str(row["id"])),
                queue=Queue.ITEMS,
                dispatch=row["dispatch"],
                priority=row["priority"],
                queued_at=row["queued_at"],
                trace_carrier={},
            )
            for row in rows
        ]

    async def publish(self, jobs: Sequence[NewMessage]) -> None:
        """Send the messages of the jobs."""
        for begin in range(0, len(jobs), _TOGETHER):
            await self.messenger.publish(jobs[begin : begin + _TOGETHER])

    async def publish_one(self, job: NewMessage) -> float:
        """Send the message of a job; return the Unix time before that."""
        sent = time.time()
        await self.messenger.publish([job])
        return sent

    async def ended(self) -> int:
        """Count the jobs that have succeeded."""
        count = "SELECT count(*) FROM jobs WHERE state = 'succeeded'"
        return int(await self.database.fetchval(count))

    async def seconds(self, jobs: Sequence[NewMessage]) -> float:
        """Return the seconds from the first claim of these jobs to the last result."""
        took = """SELECT extract(epoch FROM max(finished_at) - min(started_at))::float
                  FROM jobs WHERE id = ANY($1)"""
        return float(await self.database.fetchval(took, [job.job_id for job in jobs]))

    async def ran_at(self, jobs: Sequence[NewMessage]) -> list[float]:
        """Return the Unix time at which each job ran, which features that do nothing say."""
        rows = await self.database.fetch(
            """SELECT (output->>'processing_time_ms')::float / 1000 AS at
               FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted(id, place)
               JOIN jobs USING (id) ORDER BY place""",
            [job.job_id for job in jobs],
        )
        return [row["at"] for row in rows]
