"""Takes messages from a queue: in one trip as many as there are free slots.

The keys are arq's, and so is what they mean: a worker of arq and one of ours may serve the same
queue, and no message is with both at the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import DeserializationError, deserialize_job_raw

from shared.contracts.features import Queue
from shared.settings import Settings
from shared.wire.connections import broker_errors, connect_for_polling
from shared.wire.foreign import ForeignKeys
from shared.wire.messages import TASK, Message, decode, parse_message_id, queue_key
from shared.wire.removal import removing

# For how many seconds arq counts the tries of a message.
_TRIES_KEPT = 88_400
# Messages per look into the queue. Those that other workers hold stay in it, in front of the rest.
_PAGE = 64

# A message is taken by setting its lock to the name of the trip; arq does not look at the value. If
# the answer to a trip is lost, the trip is made again under the same name, and finds what it has
# taken already. The body is returned as "" if it is missing or no text, or if the counter of tries
# is no number: such a message is made anew.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free, lock, page = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local taken, seen = {}, 0
local function take(id)
    if redis.call('SET', ARGV[4] .. id, ARGV[8], 'PX', lock, 'NX') then return true end
    if redis.pcall('GET', ARGV[4] .. id) ~= ARGV[8] then return false end
    redis.call('PEXPIRE', ARGV[4] .. id, lock)
    return true
end
repeat
    local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', seen, page)
    for _, id in ipairs(ids) do
        if take(id) then
            local tries = redis.pcall('INCR', ARGV[5] .. id)
            redis.pcall('EXPIRE', ARGV[5] .. id, ARGV[7])
            local body = redis.pcall('GET', ARGV[6] .. id)
            local fits = type(body) == 'string' and type(tries) == 'number'
            taken[#taken + 1] = { id, fits and body or '' }
            if #taken == free then return taken end
        end
    end
    seen = seen + #ids
until #ids < page
return taken
"""


@dataclass(frozen=True)
class Taken:
    """The messages of a trip, and what is wrong with those that no worker can run.

    `moved` has the keys of those that held something else, and were moved aside.
    """

    messages: Sequence[Message]
    unreadable: Sequence[str]
    moved: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many entries of the queue were taken."""
        return len(self.messages) + len(self.unreadable)


class Intake:
    """Takes messages. A message stays in its queue, locked, until it is handled."""

    def __init__(self, settings: Settings) -> None:
        """Use REDIS_URL and QUEUE_NAMESPACE. The intake connects when it is first used."""
        self._redis = connect_for_polling(settings)
        self._namespace = settings.queue_namespace
        self._take = self._redis.register_script(_TAKE)
        # The names of the trips that were not answered yet.
        self._trips: dict[Queue, str] = {}
        self._foreign = ForeignKeys(self._redis, self._namespace)

    async def take(self, queue: Queue, free: int, lock: float) -> Taken:
        """Take up to `free` messages, those due first, and lock each for `lock` seconds.

        Entries that no worker can run are removed: those without a body, those whose body or id is
        not ours. What is no text under their keys is moved aside. Raises BrokerUnavailable. If the
        messages were taken all the same, and only the answer was lost, the next call returns them,
        so that no more than `free` are ever locked.
        """
        key = queue_key(self._namespace, queue)
        prefixes = in_progress_key_prefix, retry_key_prefix, job_key_prefix
        trip = self._trips.setdefault(queue, uuid4().hex)
        numbers = free, round(lock * 1000), _PAGE
        arguments: list[str | int] = [*numbers, *prefixes, _TRIES_KEPT, trip]
        messages: list[Message] = []
        wrong: dict[bytes, str] = {}
        moved: list[str] = []
        with broker_errors():
            answer = await self._take(keys=[key], args=arguments)
            self._trips.pop(queue, None)
            for name, body in answer:
                try:
                    messages.append(_read(queue, name, body))
                except ValueError as error:
                    wrong[name] = str(error)
            if wrong:
                moved = await self._foreign.move_aside(queue, list(wrong))
                async with self._redis.pipeline(transaction=True) as pipe:
                    removing(pipe, key, list(wrong))
                    await pipe.execute()
        return Taken(messages, list(wrong.values()), moved)

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose(close_connection_pool=True)


def _read(queue: Queue, name: bytes, body: bytes) -> Message:
    """Return what a message stands for. Raises ValueError if we cannot know."""
    try:
        job_id, dispatch = parse_message_id(name.decode())
    except ValueError as error:
        raise ValueError("another id") from error
    if not body:
        raise ValueError("no body")
    try:
        task, *_ = deserialize_job_raw(body, deserializer=decode)
    except DeserializationError as error:
        raise ValueError("unreadable body") from error
    if task != TASK:
        raise ValueError("another task")
    return Message(queue, job_id, dispatch)
