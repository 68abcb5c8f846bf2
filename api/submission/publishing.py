"""Publication by a front: messages of concurrent callers are sent together, or deferred."""

from collections.abc import Sequence

from shared.errors import BrokerUnavailable
from shared.process.batching import Batches
from shared.store import publication
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.telemetry.described_errors import describe
from shared.wire.messages import NewMessage
from shared.wire.messenger import Messenger

# Messages of one round trip for several callers.
_MOST = 200


class Publications:
    """Sends the messages of committed jobs, or notes that they are deferred.

    The reconciler sends deferred messages, and those of a front that died before sending.
    """

    def __init__(self, database: Database, messenger: Messenger) -> None:
        self._database = database
        self._messenger = messenger
        self._batches: Batches[NewMessage, str | None] = Batches(self.publish_all, most=_MOST)

    async def publish(self, message: NewMessage) -> str | None:
        """Send a message; return why it is deferred, or None. Raises DatabaseUnavailable."""
        return await self._batches.add(message)

    async def publish_all(self, messages: Sequence[NewMessage]) -> list[str | None]:
        """Do so for several messages, and return the same of each, in their order."""
        try:
            skipped = set(await self._messenger.publish(messages))
            reason = "its key in Redis holds something else"
        except BrokerUnavailable as error:
            skipped, reason = set(messages), describe(error.__cause__)
        if skipped:
            async with self._database.transaction() as session:
                await publication.send_again(session, [message.key for message in skipped])
        return [reason if message in skipped else None for message in messages]

    async def publish_again(self, job: Job) -> str | None:
        """Do so for a job that is in the outbox, and take it out of there."""
        message = NewMessage.of(job)
        deferred = await self.publish(message)
        if deferred is None:
            async with self._database.transaction() as session:
                await publication.note_published(session, [message.key])
        return deferred

    async def publish_all_again(self, jobs: Sequence[Job]) -> None:
        """Do so for several jobs that are in the outbox."""
        messages = [NewMessage.of(job) for job in jobs]
        reasons = await self.publish_all(messages)
        sent = [message.key for message, why in zip(messages, reasons, strict=True) if not why]
        if sent:
            async with self._database.transaction() as session:
                await publication.note_published(session, sent)

    async def close(self) -> None:
        """Wait for the messages that are being sent."""
        await self._batches.close()
