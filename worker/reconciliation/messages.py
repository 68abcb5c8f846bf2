"""Brings Redis in line with Postgres: every queued job has one message, and no other message is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, tuple_, update

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store.database import Database
from shared.store.models import Job
from shared.wire.broker import Broker
from shared.wire.queue import message_id, parse_message_id

# A message may be on its way for so long before anything is thought to be wrong; seconds.
SETTLED = 5.0
_CHUNK = 1000

Key = tuple[UUID, int]


@dataclass(frozen=True)
class MessageRepairs:
    """How many messages were sent again, unlocked and dropped in one round."""

    resent: int = 0
    unlocked: int = 0
    dropped: int = 0


class MessageRepair:
    """Walks through a queue in chunks, from where it left off the last time."""

    def __init__(self, database: Database, broker: Broker, queue: Queue, lock: float) -> None:
        """`lock`: for how many seconds a worker of this queue locks a message."""
        self._database = database
        self._broker = broker
        self.queue = queue
        self._lock = lock
        self._after: Key | None = None
        self._position = 0

    async def step(self) -> MessageRepairs:
        """One chunk of rows, one chunk of messages. Raises DatabaseUnavailable,
        BrokerUnavailable."""
        resent, unlocked = await self._rows_without_messages()
        return MessageRepairs(resent, unlocked, await self._messages_without_rows())

    async def _rows_without_messages(self) -> tuple[int, int]:
        """A job that is queued and published must have a message that a worker can take.

        One that has none gets a new chance from the outbox; one that a worker took without ever
        claiming the job (it died in between) is unlocked.
        """
        waiting = await self._waiting()
        self._after = waiting[-1] if len(waiting) == _CHUNK else None
        if not waiting:
            return 0, 0
        by_id = {message_id(*key): key for key in waiting}
        entries = await self._broker.entries(self.queue, list(by_id), self._lock)
        lost = [entry.message_id for entry in entries if not entry.listed]
        stuck = [
            entry.message_id
            for entry in entries
            if entry.listed and entry.locked_for is not None and entry.locked_for > SETTLED
        ]
        await self._broker.unlock(stuck)
        await self._broker.forget(self.queue, lost)
        await self._send_again([by_id[one] for one in lost])
        return len(lost), len(stuck)

    async def _messages_without_rows(self) -> int:
        """A message whose job is gone, has ended, or is at another dispatch stands for nothing."""
        listed = await self._broker.listed(self.queue, self._position, _CHUNK)
        self._position = self._position + _CHUNK if len(listed) == _CHUNK else 0
        if not listed:
            return 0
        alive = await self._alive([key for one in listed if (key := _key(one))])
        idle = [one for one in listed if _key(one) not in alive]
        entries = await self._broker.entries(self.queue, idle, self._lock)
        orphans = [
            entry.message_id
            for entry in entries
            if entry.locked_for is None or entry.locked_for > SETTLED
        ]
        await self._broker.forget(self.queue, orphans)
        self._position = max(0, self._position - len(orphans))
        return len(orphans)

    async def _waiting(self) -> list[Key]:
        settled = func.now() - text(f"interval '{SETTLED} seconds'")
        query = (
            select(Job.id, Job.dispatch)
            .where(
                Job.queue == self.queue,
                Job.state == JobStatus.QUEUED,
                Job.published_at < settled,
            )
            .order_by(Job.id)
            .limit(_CHUNK)
        )
        if self._after:
            query = query.where(Job.id > self._after[0])
        async with self._database.transaction() as session:
            return [(row.id, row.dispatch) for row in await session.execute(query)]

    async def _alive(self, keys: Sequence[Key]) -> set[Key | None]:
        query = select(Job.id, Job.dispatch).where(
            tuple_(Job.id, Job.dispatch).in_(keys),
            Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)),
        )
        async with self._database.transaction() as session:
            return {(row.id, row.dispatch) for row in await session.execute(query)}

    async def _send_again(self, keys: Sequence[Key]) -> None:
        """To the outbox, which publishes them."""
        if not keys:
            return
        async with self._database.transaction() as session:
            await session.execute(
                update(Job)
                .where(
                    tuple_(Job.id, Job.dispatch).in_(keys),
                    Job.state == JobStatus.QUEUED,
                )
                .values(published_at=None)
            )


def _key(message: str) -> Key | None:
    """None for what is no message of ours."""
    try:
        return parse_message_id(message)
    except ValueError:
        return None
