"""Health answers: that a process lives, what it depends on, and the summary of both.

`ok`, `loading` and `degraded` accept work, `error` does not. `loading` becomes `ok` by itself.
"""

from typing import Literal

from shared.contracts.features import Queue
from shared.contracts.text import Contract

HealthStatus = Literal["ok", "loading", "degraded", "error"]


class Health(Contract):
    """Who answers."""

    status: Literal["ok"]
    service: str
    version: str


class Liveness(Contract):
    """This process need not be restarted."""

    status: Literal["ok"]


class Waiting(Contract):
    """Jobs that wait, and for how many seconds the oldest of them has (0 when none does)."""

    depth: int
    oldest_age: float


class Check(Contract, extra="allow"):
    """One dependency. A check has the fields of its kind: `error` says what is wrong with any,
    `model` is a component's, `alive` and `queues` are the workers', `waiting` is the queue's.

    `status` is `ok`, `loading`, `degraded` or `error`. A component may also be `unavailable`,
    `available` or `not_loaded`. The last two are fine: it is there, or no worker needs it.
    """

    status: str
    error: str | None = None
    model: str | None = None
    alive: int | None = None
    queues: list[str] | None = None
    waiting: dict[Queue, Waiting] | None = None


class Readiness(Contract):
    """Answer of `/health/ready`: every check by its name.

    Only a worker is `loading` here. A front accepts work meanwhile and is `degraded`.
    """

    status: HealthStatus
    checks: dict[str, Check]
    version: str


class AiService(Contract):
    """What does the work: the workers, and under `engines` the best report of each component."""

    status: HealthStatus
    workers: Check
    engines: dict[str, Check]


class QueueHealth(Contract):
    """What carries the work. `waiting` is absent when the database cannot be asked."""

    status: HealthStatus
    broker: Check
    waiting: dict[Queue, Waiting] | None = None


class Services(Contract):
    """What the service consists of."""

    database: Check
    ai_service: AiService
    queue: QueueHealth


class HealthCheck(Contract):
    """Answer of `/health_check`: the same checks, put together for people and load balancers."""

    status: HealthStatus
    services: Services
    version: str
