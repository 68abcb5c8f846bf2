"""The transitions with which the holder of a claim may end an attempt, with sample arguments."""

from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobError, JobStatus
from shared.errors import EngineUnavailable, TimedOut
from shared.rejections import NoTextFound
from shared.store.hot.claiming import Claim
from shared.store.hot.storing import AttemptRecord
from tests.support import holding

RECORD = AttemptRecord(
    stages=[{"name": "s", "start_ms": 0.0, "duration_ms": 1.0}], trace_id="f" * 32
)
NO_TEXT = JobError.of(NoTextFound())
TIMEOUT = JobError.of(TimedOut())
MISSING = JobError.of(EngineUnavailable())

End = Callable[[AsyncSession, Claim], Coroutine[Any, Any, JobStatus | None]]


async def succeed(session: AsyncSession, held: Claim) -> JobStatus | None:
    """End the attempt with some result."""
    return await holding.succeed(
        session, held, RECORD, output={"a": 1.0}, model_id="m", model_version="1"
    )


REQUEUEING: dict[str, End] = {
    "retry": lambda session, held: holding.retry(session, held, RECORD, TIMEOUT, 0),
    "put_back": lambda session, held: holding.put_back(session, held, MISSING, 0),
    "release": lambda session, held: holding.release(session, held, RECORD),
}
ENDINGS: dict[str, End] = {
    **REQUEUEING,
    "succeed": succeed,
    "fail": lambda session, held: holding.fail(session, held, RECORD, NO_TEXT),
    "end_cancelled": lambda session, held: holding.end_cancelled(session, held, RECORD),
}
