"""The workers as operators see them."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport
from shared.contracts.text import Contract


class WorkerHealth(StrEnum):
    """Whether a worker lives, by its heartbeats."""

    ALIVE = "alive"
    # At least two heartbeats did not come, and its leases are about to run out.
    LATE = "late"
    # It has stopped, or its leases have run out.
    GONE = "gone"


class WorkerView(Contract):
    """One worker that was seen within a day.

    `queues` are those that it takes jobs of, and `slots` how many of each queue it runs at once.
    `running` counts the jobs that it has claimed. `seen_at` is when its last heartbeat was.
    `draining_since` is null unless an operator asked it to take no more jobs. `engines` has what it
    reports about its components.
    """

    id: str
    host: str
    version: str
    health: WorkerHealth
    queues: list[Queue]
    slots: dict[Queue, int]
    running: int
    started_at: datetime
    seen_at: datetime
    draining_since: datetime | None
    engines: dict[Component, ComponentReport]


class WorkerList(Contract):
    """The workers that were seen within a day, those that live first."""

    workers: list[WorkerView]
