"""The queues as callers and operators see them."""

from shared.contracts.features import Queue
from shared.contracts.text import Contract


class QueueView(Contract):
    """One queue, with ages and waits in seconds.

    `depth` counts the jobs that wait, `scheduled` the retries that are not due yet.
    `estimated_wait` is for a job submitted now, and null while nothing is being finished.
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


class QueueList(Contract):
    """All queues."""

    queues: list[QueueView]
