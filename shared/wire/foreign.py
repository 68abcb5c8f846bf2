"""Moves aside what other programs have put under our keys, so that nothing of theirs is lost."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix

from shared.contracts.features import Queue
from shared.wire.connections import broker_errors
from shared.wire.messages import queue_key

# For how long Redis keeps what was moved aside, so that somebody may find out whose it was.
_KEPT = timedelta(days=7)
# What arq keeps under the keys of a message.
_TYPES = {job_key_prefix: "string", in_progress_key_prefix: "lock", retry_key_prefix: "string"}
# KEYS: the keys to look at. ARGV: the prefix of the new name, for how many ms to keep the value,
# then for each key the type that it should have. A lock without an expiry is not ours either: every
# worker's has one. The answer has the keys that were moved.
_MOVE_ASIDE = """
local time = redis.call('TIME')
local suffix = ':' .. time[1] .. '.' .. time[2]
local moved = {}
for i, key in ipairs(KEYS) do
    local kind, wanted = redis.call('TYPE', key).ok, ARGV[2 + i]
    local foreign = kind ~= 'none' and kind ~= wanted
    if wanted == 'lock' then
        foreign = kind ~= 'none' and (kind ~= 'string' or redis.call('PTTL', key) < 0)
    end
    if foreign then
        local name = ARGV[1] .. key .. suffix
        redis.call('RENAME', key, name)
        redis.call('PEXPIRE', name, ARGV[2])
        moved[#moved + 1] = key
    end
end
return moved
"""


class ForeignKeys:
    """Finds what is not ours under the keys of one namespace."""

    def __init__(self, redis: ArqRedis, namespace: str) -> None:
        self._namespace = namespace
        self._script = redis.register_script(_MOVE_ASIDE)

    async def move_aside(self, queue: Queue, message_ids: Sequence[bytes] = ()) -> list[str]:
        """Move aside what has another type than arq's, of the queue and of these messages.

        A key becomes `<namespace>:aside:<key>:<time>` and expires after seven days. Returns the
        keys that were moved. Raises BrokerUnavailable, also if Redis forbids the commands.
        """
        keys: list[Any] = [queue_key(self._namespace, queue)]
        types = ["zset"]
        for message_id in message_ids:
            keys += [prefix.encode() + message_id for prefix in _TYPES]
            types += _TYPES.values()
        kept = round(_KEPT.total_seconds() * 1000)
        with broker_errors():
            moved = await self._script(keys, [f"{self._namespace}:aside:", kept, *types])
        return [key.decode(errors="backslashreplace") for key in moved]
