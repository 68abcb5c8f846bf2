"""Publishes the jobs that wait for a message: accepted while the broker was away, rescued, retried
and due by now."""

import structlog
from sqlalchemy import func, select, update

from shared.contracts.jobs import JobStatus
from shared.store.database import Database
from shared.store.models import Job
from shared.wire.queue import JobQueue

log = structlog.get_logger(__name__)

_CHUNK = 1000


async def publish_deferred(database: Database, queue: JobQueue) -> int:
    """Publish up to 1,000 deferred jobs, oldest first; returns how many. Any number of workers may
    do so at once. Raises DatabaseUnavailable, BrokerUnavailable.

    The rows stay locked until their messages are out, so that no two workers take the same; when
    the broker fails half-way the rest stays deferred, and a message sent twice is a no-op.
    """
    async with database.transaction() as session:
        due = (
            select(Job)
            .where(
                Job.state == JobStatus.QUEUED,
                Job.published_at.is_(None),
                Job.queued_at <= func.now(),
            )
            .order_by(Job.queued_at)
            .limit(_CHUNK)
            .with_for_update(skip_locked=True)
        )
        jobs = (await session.scalars(due)).all()
        for job in jobs:
            await queue.publish(job)
        await session.execute(
            update(Job)
            .where(Job.id.in_([job.id for job in jobs]))
            .values(published_at=func.now())
            .execution_options(synchronize_session=False)
        )
    if jobs:
        log.info("outbox.published", jobs=len(jobs))
    return len(jobs)
