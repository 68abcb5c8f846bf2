"""Prunes the images and jobs whose retention is over, and the rows of dead workers.

The image of a job that failed for another reason than its input is kept as long as the job, which
may be retried by hand. An image that cannot be read would fail again, and nobody shall fill the
disk with such images, or with those of jobs that are cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.callbacks import DeliveryState
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass
from shared.store.callbacks.deliveries import LIFETIME
from shared.store.models import CallbackDelivery, Job, JobCallback, JobImage, WorkerRecord

# Rows per call. The number is small so that each transaction is short and its locks delay nobody.
_BATCH = 200
_WORKERS = text("interval '1 day'")


@dataclass(frozen=True, kw_only=True)
class Retentions:
    """For how many seconds is kept: images that nobody needs, ended jobs, the audit."""

    images: float
    jobs: float
    audit: float


@dataclass(frozen=True)
class Pruned:
    """How many rows were deleted, and the URLs of the images among them in an object store."""

    count: int
    urls: Sequence[str]


async def prune_images(session: AsyncSession, seconds: float) -> Pruned:
    """Delete up to 200 images that nobody needs any more.

    Their jobs succeeded, were cancelled or failed as `bad_input` more than `seconds` ago. A job
    that somebody retries by hand at this moment is left alone.
    """
    done = (
        select(JobImage.job_id)
        .join(Job, Job.id == JobImage.job_id)
        .where(
            or_(
                Job.state.in_((JobStatus.SUCCEEDED, JobStatus.CANCELLED)),
                and_(
                    Job.state == JobStatus.FAILED,
                    Job.error["error_class"].astext == ErrorClass.BAD_INPUT,
                ),
            ),
            Job.finished_at < func.now() - _interval(seconds),
        )
        .limit(_BATCH)
        .with_for_update(of=Job, key_share=True, skip_locked=True)
    )
    return await _removed(session, JobImage.job_id.in_(done))


async def prune_jobs(session: AsyncSession, seconds: float) -> Pruned:
    """Delete up to 200 jobs that ended more than `seconds` ago.

    Their attempts, images and callbacks are deleted with them. A job that has callbacks to send is
    kept until each is delivered or its time is over, and one that somebody retries by hand at this
    moment is left alone.
    """
    unsent = (
        select(JobCallback.id)
        .join(CallbackDelivery, CallbackDelivery.callback_id == JobCallback.id)
        .where(
            JobCallback.job_id == Job.id,
            CallbackDelivery.state == DeliveryState.PENDING,
            CallbackDelivery.pending_since > func.now() - LIFETIME,
        )
    )
    ended = Job.finished_at < func.now() - _interval(seconds)
    # A row that is locked is being retried by hand, or asked for another callback.
    old = (
        select(Job.id)
        .where(ended, ~unsent.exists())
        .order_by(Job.finished_at)
        .limit(_BATCH)
        .with_for_update(of=Job, skip_locked=True)
    )
    ids = (await session.scalars(old)).all()
    if not ids:
        return Pruned(0, [])
    images = await _removed(session, JobImage.job_id.in_(ids))
    await session.execute(delete(Job).where(Job.id.in_(ids)))
    return Pruned(len(ids), images.urls)


async def prune_workers(session: AsyncSession) -> None:
    """Delete the rows of workers whose last heartbeat is more than a day old."""
    await session.execute(delete(WorkerRecord).where(WorkerRecord.seen_at < func.now() - _WORKERS))


async def _removed(session: AsyncSession, wanted: ColumnElement[bool]) -> Pruned:
    removed = await session.scalars(delete(JobImage).where(wanted).returning(JobImage.object_url))
    urls = removed.all()
    return Pruned(len(urls), [url for url in urls if url is not None])


def _interval(seconds: float) -> object:
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)
