"""Records that somebody asked for a callback of a job, whether it has ended or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.callbacks import CallbackEvent
from shared.rejections import CallbackRefused
from shared.store.models import Job, JobCallback

# How many URLs may hear of one job. Each is another request that its end causes.
MOST_URLS = 20


@dataclass(frozen=True, kw_only=True)
class NewCallback:
    """A callback to be recorded; `host` is the host of `url`."""

    url: str
    host: str
    events: Sequence[CallbackEvent]
    include_output: bool


async def ask_for_callback(session: AsyncSession, job_id: UUID, new: NewCallback) -> None:
    """Record a callback of a job. If the job has ended, queue its delivery at once.

    A URL that was asked for before hears of the events of both requests, once each. Does nothing
    if the job is gone. Raises CallbackRefused if MOST_URLS others were asked for before.
    """
    # Whoever ends the job waits for this lock and then finds the callback; or the job has ended
    # before we get the lock, and the row says so.
    locked = select(Job.id).where(Job.id == job_id).with_for_update(key_share=True)
    if await session.scalar(locked) is None:
        return
    others = select(func.count()).where(JobCallback.job_id == job_id, JobCallback.url != new.url)
    if (await session.scalars(others)).one() >= MOST_URLS:
        raise CallbackRefused(
            f"callback.url: this job has callbacks to {MOST_URLS} others already."
        )
    await session.execute(_recorded(job_id, new))
    ending = (Job.id, Job.state, Job.error, Job.finished_at)
    ended = select(func.queue_callbacks(*ending)).where(
        Job.id == job_id, Job.finished_at.is_not(None)
    )
    await session.execute(ended)


def _recorded(job_id: UUID, new: NewCallback) -> Insert:
    statement = insert(JobCallback).values(
        job_id=job_id,
        url=new.url,
        host=new.host,
        events=list(dict.fromkeys(new.events)),
        include_output=new.include_output,
    )
    both = func.unnest(JobCallback.events + statement.excluded.events).column_valued("event")
    return statement.on_conflict_do_update(
        index_elements=["job_id", "url"],
        set_={
            "events": select(func.array_agg(both.distinct())).scalar_subquery(),
            "include_output": JobCallback.include_output | statement.excluded.include_output,
        },
    )
