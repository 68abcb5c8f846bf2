"""Claims jobs and ends their attempts in a transaction of the test's own.

The functions send the statements that workers send, one job at a time.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.store.hot import beating, claiming
from shared.store.hot.beating import WorkerReport
from shared.store.hot.claiming import Claim
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord, Ending, store
from shared.store.postgres.statements import Fetch, Row, Statement


def within(session: AsyncSession) -> Fetch:
    """Return a function that runs statements in the transaction of `session`."""

    async def fetch(statement: Statement, *arguments: object) -> Sequence[Row]:
        # SQLAlchemy begins its transaction with its first statement.
        await session.execute(text("SELECT 1"))
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        rows = await driver.fetch(statement.sql, *arguments)
        # SQLAlchemy has its connections parse JSON, which is text to the statements' callers.
        return [
            {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row}
            for row in map(dict.items, map(dict, rows))
        ]

    return fetch


async def claim(
    session: AsyncSession,
    job_id: UUID,
    dispatch: int,
    worker_id: str,
    lease: float,
    *,
    again: bool = False,
) -> Claim | None:
    """Claim a job of the items queue; None if it does not wait under `dispatch`.

    `again` says that the answer to an earlier claim was lost.
    """
    key = (job_id, dispatch)
    claims = await claiming.claim(
        within(session), Queue.ITEMS, [key], worker_id, lease, [key] if again else []
    )
    return claims.made[0] if claims.made else None


async def renew(
    session: AsyncSession, worker_id: str, job_ids: Collection[UUID], lease: float
) -> list[UUID]:
    """Beat for a worker that runs these jobs, three times a lease; return those that it holds."""
    worker = WorkerReport(id=worker_id, version="1", queues=[], slots={}, components={})
    return list(
        (await beating.beat(within(session), worker, job_ids, Leases(lease, lease / 3))).jobs
    )


async def cancels_requested(session: AsyncSession, worker_id: str) -> Sequence[UUID]:
    """Return the jobs that a worker has to cancel."""
    return await beating.cancels_requested(within(session), worker_id)


async def end(session: AsyncSession, ending: Ending) -> JobStatus | None:
    """Store the ending of an attempt; return the new state of its job, None if it was refused."""
    (stored,) = await store(within(session), ending.claim.worker_id, [ending])
    assert stored is None or isinstance(stored, JobStatus)
    return stored


async def succeed(
    session: AsyncSession,
    held: Claim,
    record: AttemptRecord,
    *,
    output: dict[str, Any],
    model_id: str,
    model_version: str,
) -> JobStatus | None:
    """End a job with a result."""
    return await end(
        session,
        Ending(
            claim=held,
            record=record,
            outcome=AttemptOutcome.SUCCEEDED,
            output=json.dumps(output),
            model_id=model_id,
            model_version=model_version,
        ),
    )


async def fail(
    session: AsyncSession, held: Claim, record: AttemptRecord, error: JobError
) -> JobStatus | None:
    """End a job with an error."""
    failed = Ending(claim=held, record=record, outcome=AttemptOutcome.FAILED, error=error)
    return await end(session, failed)


async def retry(
    session: AsyncSession, held: Claim, record: AttemptRecord, error: JobError, delay: float
) -> JobStatus | None:
    """Queue a job again, and count the attempt against its budget."""
    outcome = AttemptOutcome.RETRIED
    retried = Ending(claim=held, record=record, outcome=outcome, error=error, delay=delay)
    return await end(session, retried)


async def put_back(
    session: AsyncSession, held: Claim, error: JobError, delay: float
) -> JobStatus | None:
    """Queue a job again as if the attempt had not been made."""
    record = AttemptRecord(stages=[], trace_id=None)
    outcome = AttemptOutcome.PUT_BACK
    return await end(
        session, Ending(claim=held, record=record, outcome=outcome, error=error, delay=delay)
    )


async def release(session: AsyncSession, held: Claim, record: AttemptRecord) -> JobStatus | None:
    """Queue a job again under the same dispatch."""
    released = Ending(claim=held, record=record, outcome=AttemptOutcome.RELEASED)
    return await end(session, released)


async def end_cancelled(
    session: AsyncSession, held: Claim, record: AttemptRecord
) -> JobStatus | None:
    """End a running job as cancelled."""
    cancelled = Ending(claim=held, record=record, outcome=AttemptOutcome.CANCELLED)
    return await end(session, cancelled)
