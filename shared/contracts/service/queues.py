"""The queues as callers and operators see them."""

from datetime import datetime

from shared.contracts.features import Queue
from shared.contracts.text import Contract


class QueuePause(Contract):
    """Since when a queue has been paused, and by whom: the id of a token, or `anybody`."""

    at: datetime
    by: str


class QueueView(Contract):
    """One queue, with ages and waits in seconds.

    `depth` counts the jobs that wait, `scheduled` the retries that are not due yet.
    `estimated_wait` is for a job submitted now, and null while nothing is being finished. `paused`
    is null unless workers take no jobs of the queue.
    """

    queue: Queue
    depth: int
    scheduled: int
    running: int
    oldest_age: float
    workers: int
    slots: int
    finished_per_minute: int
    estimated_wait: float | None
    accepting: bool
    paused: QueuePause | None = None


class QueueList(Contract):
    """All queues."""

    queues: list[QueueView]
