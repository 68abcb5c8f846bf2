"""The format of a message: its id, its place in the queue, its encoding.

A message holds the job's id and a trace carrier as JSON, and arq sends it under the id
`<job id>:<dispatch>`. It may be lost or be delivered twice: the row in Postgres decides whether it
still counts.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from arq.utils import to_unix_ms

from shared.contracts.features import Queue
from shared.store.models import Job
from shared.telemetry.trace_context import Carrier

# The name of the task in the body of every message, as arq's format wants one.
TASK = "run_job"
# By how many milliseconds the messages of a band come before those of the next lower one. Turns
# never differ by so much, and the places of three bands are positive.
BAND = 10 * 365 * 86_400_000
# One step of priority moves a message without a turn ahead of those that came up to this much
# earlier.
HEAD_START = timedelta(seconds=10)
# arq does not run a message before its time by the worker's clock. The time of every message lies a
# day in the past, or half a day where it has a turn, so that only a clock that is half a day off, a
# worker's or a front's, can hold one up.
_EARLY = timedelta(days=1)
# One more than the largest dispatch that a row can have.
_DISPATCHES = 2**31


@dataclass(frozen=True)
class Message:
    """A message in a queue, and the job and dispatch that it stands for."""

    queue: Queue
    job_id: UUID
    dispatch: int

    @property
    def key(self) -> tuple[UUID, int]:
        """The job id and the dispatch."""
        return self.job_id, self.dispatch

    @property
    def id(self) -> str:
        """The id under which arq keeps the message."""
        return message_id(self.job_id, self.dispatch)


@dataclass(frozen=True, kw_only=True, eq=False)
class NewMessage(Message):
    """A message to be published. `band`, `turn`, `queued_at` and `priority` are those of the row.

    The first two are None in rows of code from before 0.2.0.
    """

    priority: int
    queued_at: datetime
    band: int | None = None
    turn: int | None = None
    trace_carrier: Carrier

    @classmethod
    def of(cls, job: Job) -> "NewMessage":
        """Return the message of the job's current dispatch."""
        return cls(
            job_id=job.id,
            dispatch=job.dispatch,
            queue=Queue(job.queue),
            priority=job.priority,
            queued_at=job.queued_at,
            band=job.band,
            turn=job.turn,
            trace_carrier=job.trace_carrier,
        )

    @property
    def score(self) -> int:
        """The place in the queue, in milliseconds of a past that arq orders messages by.

        No other code orders them. Messages without a turn are in the order of `queued_at`, earlier
        by HEAD_START for each step of priority, and before those of the lowest band.
        """
        if self.band is None or self.turn is None:
            return to_unix_ms(self.queued_at - self.priority * HEAD_START - _EARLY)
        return self.turn - self.band * BAND


def message_id(job_id: UUID, dispatch: int) -> str:
    """Return the id under which arq keeps the message of a job's dispatch."""
    return f"{job_id}:{dispatch}"


def parse_message_id(value: str) -> tuple[UUID, int]:
    """Return the job id and the dispatch that a message stands for.

    Raises ValueError if the id is not one of ours. No two ids stand for the same dispatch, and
    every dispatch fits into its column.
    """
    text, _, number = value.partition(":")
    job_id, dispatch = UUID(text), int(number)
    if not 1 <= dispatch < _DISPATCHES or message_id(job_id, dispatch) != value:
        raise ValueError(value)
    return job_id, dispatch


def queue_key(namespace: str, queue: Queue) -> str:
    """Return the key of the sorted set in which arq keeps the messages of a queue."""
    return f"{namespace}:queue:{queue.value}"


def wake_channel(namespace: str, queue: Queue) -> str:
    """Return the channel on which workers hear that a queue has new messages."""
    return f"{namespace}:published:{queue.value}"


def encode(message: dict[str, Any]) -> bytes:
    """Serialize a message for arq, as JSON: arq's own pickle would run code that Redis holds."""
    return json.dumps(message).encode()


def decode(message: bytes) -> dict[str, Any]:
    """Deserialize a message for arq. Raises ValueError if it is not JSON."""
    decoded: dict[str, Any] = json.loads(message)
    return decoded
