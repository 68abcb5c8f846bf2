"""Removes messages, with everything that arq keeps for them."""

from collections.abc import Sequence

from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from redis.asyncio.client import Pipeline

_PREFIXES = [
    prefix.encode() for prefix in (job_key_prefix, in_progress_key_prefix, retry_key_prefix)
]


def removing(pipe: Pipeline, key: str, message_ids: Sequence[bytes]) -> None:
    """Add to a pipeline the commands that remove messages from the queue at `key`.

    The lock goes last: as long as a message is in the queue, it is locked.
    """
    pipe.zrem(key, *message_ids)
    pipe.delete(*(prefix + message_id for message_id in message_ids for prefix in _PREFIXES))
