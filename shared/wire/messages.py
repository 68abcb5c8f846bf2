"""What a message is: its id, its key in Redis, its place in the queue, its encoding.

A message is `{job_id, trace carrier}` as JSON, sent through arq under the id `<row id>:<dispatch>`.
It may be lost or come twice; the row in Postgres decides what a message is worth.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.features import Queue

# Name of the arq function that workers register.
TASK = "run_job"
# One step of priority moves a message ahead of those that came up to this many seconds earlier,
# so that a flood of urgent jobs delays the others but never starves them.
HEAD_START = timedelta(seconds=10)
# arq leaves messages alone whose time has not come by the clock of the worker. All are a day early,
# so that it takes a clock that is a day wrong, a worker's or a front's, to keep one from being run.
_EARLY = timedelta(days=1)


def due(queued_at: datetime, priority: int) -> datetime:
    """The time by which arq orders a message: the row's `queued_at`, less a head start for each
    step of priority. No other code orders messages."""
    return queued_at - priority * HEAD_START - _EARLY


def message_id(job_id: UUID, dispatch: int) -> str:
    """The id under which arq keeps the message of a job's dispatch."""
    return f"{job_id}:{dispatch}"


def parse_message_id(value: str) -> tuple[UUID, int]:
    """The row id and the dispatch that a message stands for. Raises ValueError for an id that is
    not ours."""
    job_id, _, dispatch = value.partition(":")
    return UUID(job_id), int(dispatch)


def queue_key(namespace: str, queue: Queue) -> str:
    """The sorted set in which arq keeps the messages of a queue."""
    return f"{namespace}:queue:{queue.value}"


def encode(message: dict[str, Any]) -> bytes:
    """Serialize a message for arq: as JSON, because unpickling what Redis holds would run it."""
    return json.dumps(message).encode()


def decode(message: bytes) -> dict[str, Any]:
    """Deserialize a message for arq."""
    decoded: dict[str, Any] = json.loads(message)
    return decoded
