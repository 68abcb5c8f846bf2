"""Removes what nobody asks for any more: images first, jobs later, workers that are long gone.

The image of a failed or cancelled job stays as long as the job: it may be retried by hand.
"""

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.store.models import Job, JobImage, WorkerRecord

# Small, so that no transaction is long and no lock is felt.
_BATCH = 200
_WORKERS = text("interval '1 day'")


async def prune_images(session: AsyncSession, seconds: float) -> int:
    """Remove up to 200 images of jobs that succeeded longer ago than that; returns how many."""
    done = (
        select(JobImage.job_id)
        .join(Job, Job.id == JobImage.job_id)
        .where(Job.state == JobStatus.SUCCEEDED, Job.finished_at < func.now() - _interval(seconds))
        .limit(_BATCH)
    )
    removed = delete(JobImage).where(JobImage.job_id.in_(done)).returning(JobImage.job_id)
    return len((await session.scalars(removed)).all())


async def prune_jobs(session: AsyncSession, seconds: float) -> int:
    """Remove up to 200 jobs that ended longer ago than that, with all that belongs to them."""
    old = (
        select(Job.id)
        .where(Job.finished_at < func.now() - _interval(seconds))
        .order_by(Job.finished_at)
        .limit(_BATCH)
    )
    removed = delete(Job).where(Job.id.in_(old)).returning(Job.id)
    return len((await session.scalars(removed)).all())


async def prune_workers(session: AsyncSession) -> None:
    """Forget workers that did not say goodbye a day ago or longer."""
    await session.execute(delete(WorkerRecord).where(WorkerRecord.seen_at < func.now() - _WORKERS))


def _interval(seconds: float) -> object:
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)
