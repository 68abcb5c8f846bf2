"""Publishes deferred jobs: those accepted while Redis was away, rescued, retried or put back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.store import publication
from shared.store.postgres.database import Database
from shared.store.publication import PageEnd
from shared.store.queues.order import give_turns
from shared.wire.broker import Broker
from shared.wire.messages import NewMessage
from shared.wire.messenger import Messenger
from worker.reconciliation import CHUNK, NAMED
from worker.telemetry.job_metrics import JobMetrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Page:
    """A part of the outbox: how many of its messages were sent, and where the next part begins.

    `end` is None if there is no need to look at the next part.
    """

    sent: int
    end: PageEnd | None


class Outbox:
    """Sends the messages of the outbox, of which any number of workers may have one."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        broker: Broker,
        metrics: JobMetrics,
        *,
        chunk: int = CHUNK,
    ) -> None:
        """`chunk` is the most rows that one transaction locks."""
        self._database = database
        self._messenger = messenger
        self._broker = broker
        self._metrics = metrics
        self._chunk = chunk

    async def publish(self) -> int:
        """Publish a chunk of the deferred jobs that are due, oldest first; return how many.

        The rows stay locked until their messages are sent, so no two workers publish the same job.
        If Redis fails half-way, all of them stay deferred; sending a message twice does no harm.
        Those that cannot be sent stay deferred alone, to be tried again, and as many others are
        looked at in their place. Raises DatabaseUnavailable, BrokerUnavailable.
        """
        page = await self._publish_page(None)
        sent = page.sent
        while page.end:
            page = await self._publish_page(page.end)
            sent += page.sent
        return sent

    async def _publish_page(self, after: PageEnd | None) -> _Page:
        # Nobody shall wait for a tenant's counter while messages are sent.
        async with self._database.transaction() as session:
            await give_turns(session, self._chunk)
        async with self._database.transaction() as session:
            jobs = await publication.lock_due(session, self._chunk, after)
            if not jobs:
                return _Page(0, None)
            messages = [NewMessage.of(job) for job in jobs]
            skipped = set(await self._publish(messages))
            sent = [message for message in messages if message not in skipped]
            if sent:
                await publication.note_published(session, [message.key for message in sent])
            last = jobs[-1].queued_at, jobs[-1].id
        if sent:
            log.info("outbox.published", jobs=len(sent))
        return _Page(len(sent), last if skipped and len(jobs) == self._chunk else None)

    async def _publish(self, messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
        """Send messages, and once more those whose keys held something else; return the others."""
        skipped = await self._messenger.publish(messages)
        if skipped:
            await self._move_aside(skipped)
            skipped = await self._messenger.publish(skipped)
        for queue, left in _by_queue(skipped).items():
            first = [message.id for message in left[:NAMED]]
            log.error("outbox.skipped", queue=queue, count=len(left), first=first)
            self._metrics.skipped(queue, len(left))
        return skipped

    async def _move_aside(self, messages: Sequence[NewMessage]) -> None:
        for queue, foreign in _by_queue(messages).items():
            try:
                moved = await self._broker.move_aside(queue, [message.id for message in foreign])
            except BrokerUnavailable as error:
                # Redis may forbid the command. If it is away, the next one says so.
                log.warning("outbox.not_moved_aside", queue=queue, reason=repr(error.__cause__))
                continue
            if moved:
                log.warning(
                    "messages.moved_aside", queue=queue, count=len(moved), first=moved[:NAMED]
                )
                self._metrics.repaired(queue, moved=len(moved))


def _by_queue(messages: Sequence[NewMessage]) -> dict[Queue, list[NewMessage]]:
    by_queue = defaultdict(list)
    for message in messages:
        by_queue[message.queue].append(message)
    return by_queue
