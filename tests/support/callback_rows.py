"""Makes jobs with callbacks, ends them, and reads their deliveries, each in its own transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from shared.contracts.callbacks import CallbackEvent
from shared.contracts.jobs import JobError
from shared.rejections import NoTextFound
from shared.store.callbacks.asking import NewCallback, ask_for_callback
from shared.store.hot.storing import AttemptRecord
from shared.store.models import CallbackDelivery, Job, JobCallback
from shared.store.postgres.database import Database, Session
from tests.support import holding
from tests.support.job_rows import insert_job, new_job
from tests.support.waiting import wait_until

URL = "https://app.example.com/hook"
_RECORD = AttemptRecord(stages=[], trace_id=None)


def asked(
    url: str = URL,
    *,
    host: str = "app.example.com",
    events: Sequence[CallbackEvent] = tuple(CallbackEvent),
    include_output: bool = False,
) -> NewCallback:
    """Return a callback to be asked for, by default one that hears of every ending."""
    return NewCallback(url=url, host=host, events=events, include_output=include_output)


async def add_job(database: Database, *callbacks: NewCallback, **different: Any) -> UUID:
    """Insert a queued job with these callbacks; `different` replaces values of the job."""
    async with database.transaction() as session:
        job = await insert_job(session, new_job(**different))
        for callback in callbacks:
            await ask_for_callback(session, job.id, callback)
    return job.id


async def ask(database: Database, job_id: UUID, callback: NewCallback) -> None:
    """Ask for a callback of a job that exists."""
    async with database.transaction() as session:
        await ask_for_callback(session, job_id, callback)


async def succeed_job(session: Session, job_id: UUID) -> None:
    """Claim a queued job and end it with the result `{"a": 1.0}`."""
    assert await succeeds(session, job_id)


async def succeeds(session: Session, job_id: UUID) -> bool:
    """Do the same, or return false if another session has locked the job."""
    held = await holding.claim(session, job_id, 1, "worker", 15)
    if held is None:
        return False
    result = {"output": {"a": 1.0}, "model_id": "m", "model_version": "1"}
    await holding.succeed(session, held, _RECORD, **result)  # type: ignore[arg-type]
    return True


async def fail_job(session: Session, job_id: UUID, dispatch: int = 1) -> None:
    """Claim a queued job and end it with the error `no_text_found`."""
    held = await holding.claim(session, job_id, dispatch, "worker", 15)
    assert held is not None
    await holding.fail(session, held, _RECORD, JobError.of(NoTextFound()))


async def end(database: Database, job_id: UUID) -> None:
    """End a queued job with a result, in a transaction of its own, once nobody has it locked."""

    async def ended() -> bool:
        async with database.transaction() as session:
            return await succeeds(session, job_id)

    await wait_until(ended, "the job ended")


async def deliveries(database: Database, job_id: UUID) -> list[CallbackDelivery]:
    """Return the deliveries of a job, oldest first."""
    of_job = select(JobCallback.id).where(JobCallback.job_id == job_id)
    query = (
        select(CallbackDelivery)
        .where(CallbackDelivery.callback_id.in_(of_job))
        .order_by(CallbackDelivery.created_at, CallbackDelivery.id)
    )
    async with database.transaction() as session:
        return list((await session.scalars(query)).all())


async def change_deliveries(database: Database, **values: Any) -> None:
    """Set columns of all deliveries."""
    async with database.transaction() as session:
        await session.execute(update(CallbackDelivery).values(**values))


async def read_job_row(database: Database, job_id: UUID) -> Job:
    """Return the current row of a job."""
    async with database.transaction() as session:
        job = await session.get(Job, job_id)
        assert job is not None
        return job
