"""Publishes the jobs that wait for a message: accepted while the broker was away, rescued, retried
and due by now."""

import structlog

from shared.store import publication
from shared.store.database import Database
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)

_CHUNK = 1000


async def publish_deferred(database: Database, messenger: Messenger) -> int:
    """Publish up to 1,000 deferred jobs, oldest first; returns how many. Any number of workers may
    do so at once. Raises DatabaseUnavailable, BrokerUnavailable.

    The rows stay locked until their messages are out, so that no two workers take the same; when
    the broker fails half-way the rest stays deferred, and a message sent twice is a no-op.
    """
    async with database.transaction() as session:
        jobs = await publication.lock_due(session, _CHUNK)
        for job in jobs:
            await messenger.publish(job)
        if jobs:
            await publication.note_all_published(session, jobs)
    if jobs:
        log.info("outbox.published", jobs=len(jobs))
    return len(jobs)
