"""What can be told of the queues."""

from shared.contracts.features import Queue
from shared.contracts.text import Contract


class QueueView(Contract):
    """One queue. `depth`: jobs that wait; `scheduled`: retries that are not due; ages and waits in
    seconds. `estimated_wait` of a job submitted now: null while nothing gets done."""

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
    """Every queue."""

    queues: list[QueueView]
