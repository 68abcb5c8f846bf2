"""Brings Redis in line with Postgres: one message for each published job, and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.contracts.features import Queue
from shared.store import publication
from shared.store.postgres.database import Database
from shared.store.publication import MessageKey
from shared.wire.broker import Broker
from shared.wire.messages import message_id, parse_message_id
from worker.reconciliation import CHUNK, NAMED

log = structlog.get_logger(__name__)

# Seconds that publishing or claiming may take before a mismatch counts as a fault.
SETTLED = 3.0


@dataclass(frozen=True)
class MessageRepairs:
    """Numbers of messages that were sent again, unlocked and removed in one step.

    `moved` counts the keys that held something else and were moved aside.
    """

    resent: int = 0
    unlocked: int = 0
    removed: int = 0
    moved: int = 0


class MessageRepair:
    """Walks through one queue in chunks, and goes on where the last step ended."""

    def __init__(self, database: Database, broker: Broker, queue: Queue, lock: float) -> None:
        """`lock` is for how many seconds a worker of this queue locks a message."""
        self._database = database
        self._broker = broker
        self.queue = queue
        self._lock = lock
        self._after: MessageKey | None = None
        self._position = 0
        self._moved = 0

    async def has_messages(self) -> bool:
        """Return whether the queue has any messages, or something else. Raises
        BrokerUnavailable."""
        return await self._broker.exists(self.queue)

    async def step(self) -> MessageRepairs:
        """Compare one chunk of rows and one chunk of messages, and repair both.

        Raises DatabaseUnavailable, BrokerUnavailable.
        """
        self._moved = 0
        await self._move_aside()
        resent, unlocked = await self._rows_without_messages()
        removed = await self._messages_without_rows()
        return MessageRepairs(resent, unlocked, removed, self._moved)

    async def _move_aside(self, messages: Sequence[str] = ()) -> None:
        """Move aside what is not ours, before the keys of these messages are deleted."""
        if moved := await self._broker.move_aside(self.queue, messages):
            log.warning(
                "messages.moved_aside", queue=self.queue, count=len(moved), first=moved[:NAMED]
            )
            self._moved += len(moved)

    async def _rows_without_messages(self) -> tuple[int, int]:
        """Make sure that every queued and published job has a message that a worker can take.

        A job without a message goes back to the outbox. A message that a worker took and died
        before it claimed the job is unlocked. Returns how many were sent again and unlocked.
        """
        async with self._database.transaction() as session:
            waiting = await publication.published_before(
                session,
                self.queue,
                timedelta(seconds=SETTLED),
                after=self._after and self._after[0],
                limit=CHUNK,
            )
        self._after = waiting[-1] if len(waiting) == CHUNK else None
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
        if stuck or lost:
            await self._move_aside([*stuck, *lost])
        await self._broker.unlock(stuck)
        await self._broker.remove(self.queue, lost)
        if lost:
            async with self._database.transaction() as session:
                await publication.send_again(session, [by_id[message] for message in lost])
        return len(lost), len(stuck)

    async def _messages_without_rows(self) -> int:
        """Remove messages whose job is gone, has ended, or is at another dispatch; return how
        many."""
        listed = await self._broker.listed(self.queue, self._position, CHUNK)
        self._position = self._position + CHUNK if len(listed) == CHUNK else 0
        if not listed:
            return 0
        keys = [key for message in listed if (key := _key(message))]
        async with self._database.transaction() as session:
            unfinished = await publication.unfinished(session, keys)
        idle = [message for message in listed if _key(message) not in unfinished]
        entries = await self._broker.entries(self.queue, idle, self._lock)
        orphans = [
            entry.message_id
            for entry in entries
            if entry.locked_for is None or entry.locked_for > SETTLED
        ]
        if orphans:
            await self._move_aside(orphans)
        await self._broker.remove(self.queue, orphans)
        self._position = max(0, self._position - len(orphans))
        return len(orphans)


def _key(message: str) -> MessageKey | None:
    """Parse the id of a message; None if it is not one of ours."""
    try:
        return parse_message_id(message)
    except ValueError:
        return None
