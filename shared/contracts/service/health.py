"""Health answers: liveness, readiness, and the checks of readiness by service.

The whole service accepts work while it is `ok`, `loading` or `degraded`, and none in `error`.
`loading` becomes `ok` by itself. Workers in `error` do no work: none of them is alive.
"""

from collections.abc import Mapping
from typing import Any, Literal

from shared.contracts.features import Queue
from shared.contracts.text import Contract

HealthStatus = Literal["ok", "loading", "degraded", "error"]
_OPEN = frozenset({"status", "alive", "queues", "waiting"})


class Health(Contract):
    """The name and version of the service that answers."""

    status: Literal["ok"]
    service: str
    version: str


class Liveness(Contract):
    """The answer of a process that need not be restarted."""

    status: Literal["ok"]


class Waiting(Contract):
    """The number of waiting jobs, and the age of the oldest in seconds (0 if none waits)."""

    depth: int
    oldest_age: float


class Check(Contract, extra="allow"):
    """One check: a dependency, a component, the workers or the queue.

    `status` is `ok`, `loading`, `degraded` or `error`. A component may also be `unavailable`,
    `not_installed`, `available` or `not_loaded`. The last two are fine: the component can be used,
    or no worker needs it.

    `error` says what is wrong. Components have `model`, the workers have `alive` (their number) and
    `queues` (those that they serve), and the queue has `waiting`. The database has `read_only`,
    which is true, if it answers but takes no writes.
    """

    status: str
    error: str | None = None
    model: str | None = None
    alive: int | None = None
    queues: list[str] | None = None
    waiting: dict[Queue, Waiting] | None = None
    read_only: bool | None = None


def without_details(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a check that anybody may see: no model, and no text of an error.

    Nobody needs a token for health, and in production its answers name nothing.
    """
    return {name: value for name, value in check.items() if name in _OPEN}


class Readiness(Contract):
    """The answer of `/health/ready`, with every check by name.

    Only a worker is `loading` here. A front accepts work meanwhile and is `degraded`.
    """

    status: HealthStatus
    checks: dict[str, Check]
    version: str


class AiService(Contract):
    """The workers, and under `engines` the best report about each component."""

    status: HealthStatus
    workers: Check
    engines: dict[str, Check]


class QueueHealth(Contract):
    """The broker, the waiting jobs, and the object store of their images.

    `waiting` is absent if the database does not answer, and `image_store` if the images are in it.
    """

    status: HealthStatus
    broker: Check
    image_store: Check | None = None
    waiting: dict[Queue, Waiting] | None = None


class Services(Contract):
    """The checks by service."""

    database: Check
    ai_service: AiService
    queue: QueueHealth


class HealthCheck(Contract):
    """The answer of `/health_check`: the checks of `/health/ready`, grouped by service."""

    status: HealthStatus
    services: Services
    version: str
