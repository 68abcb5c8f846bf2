"""Publishes deferred jobs: those accepted while Redis was away, rescued, retried or put back."""

import structlog

from shared.store import publication
from shared.store.postgres.database import Database
from shared.wire.messages import NewMessage
from shared.wire.messenger import Messenger
from worker.reconciliation import CHUNK

log = structlog.get_logger(__name__)


async def publish_deferred(database: Database, messenger: Messenger) -> int:
    """Publish up to CHUNK deferred jobs that are due, oldest first; return how many.

    Any number of workers may do so at once: the rows stay locked until their messages are sent, so
    no two workers publish the same job. If Redis fails half-way, all of them stay deferred;
    sending a message twice does no harm. Those that cannot be sent stay deferred alone. Raises
    DatabaseUnavailable, BrokerUnavailable.
    """
    async with database.transaction() as session:
        jobs = await publication.lock_due(session, CHUNK)
        if not jobs:
            return 0
        messages = [NewMessage.of(job) for job in jobs]
        skipped = set(await messenger.publish(messages))
        sent = [message for message in messages if message not in skipped]
        if sent:
            await publication.note_published(session, [message.key for message in sent])
    if skipped:
        log.error("outbox.skipped", messages=[message.id for message in skipped])
    log.info("outbox.published", jobs=len(sent))
    return len(sent)
