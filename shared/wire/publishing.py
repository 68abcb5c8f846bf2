"""Publishes messages in arq's own format, any number of them in one round trip."""

from collections.abc import Sequence
from datetime import timedelta

from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms

from shared.wire.connections import broker_errors
from shared.wire.messages import TASK, NewMessage, encode, queue_key, wake_channel

# For how long Redis keeps a message. If one is gone and still needed, it is sent again.
_EXPIRY = timedelta(days=1)
# KEYS: for each message the key of its body and the key of its queue. ARGV: the expiry in ms, then
# for each message its id, its score and its body, then the channels to wake.
# A body that is there already stays. A message that is in the queue already moves to its place, for
# the row may have a new one. A message is skipped if one of its keys holds something else; the
# answer has the positions of those.
_PUBLISH = """
local skipped = {}
for i = 1, #KEYS / 2 do
    local body, queue = KEYS[2 * i - 1], KEYS[2 * i]
    local fits = redis.call('SET', body, ARGV[3 * i + 1], 'NX', 'PX', ARGV[1])
        or redis.call('TYPE', body).ok == 'string'
    if not fits or type(redis.pcall('ZADD', queue, ARGV[3 * i], ARGV[3 * i - 1])) == 'table'
    then
        skipped[#skipped + 1] = i
    end
end
for i = 3 * #KEYS / 2 + 2, #ARGV do
    redis.call('PUBLISH', ARGV[i], '')
end
return skipped
"""


class Publisher:
    """Sends messages to the queues of one namespace."""

    def __init__(self, redis: ArqRedis, namespace: str) -> None:
        self._namespace = namespace
        self._script = redis.register_script(_PUBLISH)

    async def publish(self, messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
        """Send messages that are not in Redis yet, and wake the workers of their queues.

        Returns those that were skipped because one of their keys holds a value that is not arq's.
        Raises BrokerUnavailable.
        """
        if not messages:
            return []
        keys: list[str] = []
        arguments: list[str | bytes | int] = [_milliseconds(_EXPIRY)]
        now = timestamp_ms()
        for message in messages:
            keys += [job_key_prefix + message.id, queue_key(self._namespace, message.queue)]
            arguments += [message.id, _score(message, now), _body(message, now)]
        # Workers would find the messages at their next poll; this spares waiting callers that.
        queues = dict.fromkeys(message.queue for message in messages)
        arguments += [wake_channel(self._namespace, queue) for queue in queues]
        with broker_errors():
            skipped = await self._script(keys, arguments)
        return [messages[position - 1] for position in skipped]


def _score(message: NewMessage, now: int) -> int:
    """Return the place in the queue. arq takes no message whose score is 0 or above its own now."""
    return max(1, min(message.score, now))


def _body(message: NewMessage, now: int) -> bytes:
    arguments = (str(message.job_id), message.trace_carrier)
    return serialize_job(TASK, arguments, {}, None, now, serializer=encode)


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
