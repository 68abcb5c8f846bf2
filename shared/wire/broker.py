"""Inspects and repairs the messages in Redis, so that they agree with Postgres.

arq keeps four things for a message: its place in the queue's sorted set, its body, a lock while a
worker has it (`in-progress`), and a counter of tries. They can get out of step: a worker that is
killed leaves its lock behind, and a flush of Redis leaves nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from arq.constants import in_progress_key_prefix

from shared.contracts.features import Queue
from shared.settings import Settings
from shared.wire.connections import broker_errors, connect_quick
from shared.wire.foreign import ForeignKeys
from shared.wire.messages import queue_key
from shared.wire.removal import removing

# Messages per command.
_CHUNK = 1000
# What PTTL returns of a key that never expires.
_NO_EXPIRY = -1
# Whoever shares Redis may put any bytes into a queue, and they have to be removed as they are.
_FOREIGN = "surrogateescape"


# For each message whether it is in the queue, and the rest of its lock's time in milliseconds.
_ENTRIES = """
local found = {}
for number = 2, #ARGV do
    local listed = redis.call('ZSCORE', KEYS[1], ARGV[number])
    found[#found + 1] = { listed and 1 or 0, redis.call('PTTL', ARGV[1] .. ARGV[number]) }
end
return found
"""


@dataclass(frozen=True)
class Entry:
    """The state of a message in Redis.

    `listed` says whether it is in its queue. `locked_for` is for how many seconds a worker has had
    it locked; None if none has, and infinite if the lock is no worker's, for it never expires.
    """

    message_id: str
    listed: bool
    locked_for: float | None


@dataclass(frozen=True)
class BrokerCounts:
    """How many messages of one queue wait, and how many a worker has taken."""

    waiting: int
    taken: int


class Broker:
    """The messages in Redis. Every method but `close` raises BrokerUnavailable if Redis is away."""

    def __init__(self, settings: Settings) -> None:
        """Use REDIS_URL and QUEUE_NAMESPACE. The broker connects when it is first used."""
        self._redis = connect_quick(settings)
        self._namespace = settings.queue_namespace
        self._entries = self._redis.register_script(_ENTRIES)
        self._foreign = ForeignKeys(self._redis, self._namespace)

    async def entries(
        self, queue: Queue, message_ids: Sequence[str], lock: float
    ) -> Sequence[Entry]:
        """Return the state of each message. Workers lock a message for `lock` seconds."""
        key = queue_key(self._namespace, queue)
        names = [_bytes(message_id) for message_id in message_ids]
        with broker_errors():
            answers = await self._entries(keys=[key], args=[in_progress_key_prefix, *names])
        return [
            Entry(message_id, bool(listed), _locked_for(left, lock))
            for message_id, (listed, left) in zip(message_ids, answers, strict=True)
        ]

    async def exists(self, queue: Queue) -> bool:
        """Return whether there is anything under the key of a queue, be it a message or not."""
        with broker_errors():
            return bool(await self._redis.exists(queue_key(self._namespace, queue)))

    async def move_aside(self, queue: Queue, message_ids: Sequence[str] = ()) -> list[str]:
        """Move aside what other programs have put under the keys of a queue and these messages.

        Returns the keys that were moved.
        """
        names = [_bytes(message_id) for message_id in message_ids]
        return await self._foreign.move_aside(queue, names)

    async def listed(self, queue: Queue, start: int, count: int) -> Sequence[str]:
        """Return the ids of up to `count` messages of a queue, from position `start` on."""
        with broker_errors():
            found: list[bytes] = await self._redis.zrange(
                queue_key(self._namespace, queue), start, start + count - 1
            )
        return [message_id.decode(errors=_FOREIGN) for message_id in found]

    async def counts(self, queue: Queue) -> BrokerCounts:
        """Count the messages of a queue. Takes two commands for every thousand of them."""
        listed = taken = 0
        while chunk := await self.listed(queue, listed, _CHUNK):
            listed += len(chunk)
            with broker_errors():
                taken += await self._redis.exists(*(_lock(message_id) for message_id in chunk))
        return BrokerCounts(waiting=listed - taken, taken=taken)

    async def unlock(self, message_ids: Sequence[str]) -> None:
        """Remove the locks of these messages, so that any worker may take them."""
        if message_ids:
            with broker_errors():
                await self._redis.delete(*(_lock(message_id) for message_id in message_ids))

    async def remove(self, queue: Queue, message_ids: Sequence[str]) -> None:
        """Remove these messages from the queue, with everything that arq keeps for them."""
        if not message_ids:
            return
        key = queue_key(self._namespace, queue)
        with broker_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                removing(pipe, key, [_bytes(message_id) for message_id in message_ids])
                await pipe.execute()

    async def clear(self, queue: Queue) -> int:
        """Remove every message of a queue; return how many.

        What other programs have put there is moved aside. Bodies without a place in the queue
        look like those of other installations; they expire within a day.
        """
        removed = 0
        await self.move_aside(queue)
        while chunk := await self.listed(queue, 0, _CHUNK):
            await self.move_aside(queue, chunk)
            await self.remove(queue, chunk)
            removed += len(chunk)
        return removed

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose(close_connection_pool=True)


def _locked_for(left: int, lock: float) -> float | None:
    """Return for how long a lock has been held of which PTTL has returned what is `left`."""
    if left == _NO_EXPIRY:
        return math.inf
    return lock - left / 1000 if left >= 0 else None


def _bytes(message_id: str) -> bytes:
    return message_id.encode(errors=_FOREIGN)


def _lock(message_id: str) -> bytes:
    return in_progress_key_prefix.encode() + _bytes(message_id)
