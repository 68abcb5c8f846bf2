"""Which sizes a load needs, by Little's law and the simulation, and which limit comes first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.settings import Settings
from tests.bench.capacity.costs import Costs
from tests.bench.capacity.simulation import Course, Queueing, simulate, slots_for

# The cores of the machine that the simulation begins with.
CORES = 2
# The share of its time for which a process should be busy at most.
BUSY = 0.7
# Receipts an hour, and categorisations a second.
RECEIPTS = (10, 1_000, 100_000)
ITEMS = (1, 10, 100, 1_000)
# Seconds for which 95 % of the receipts may wait for a slot.
WAIT = 5
# MB: a photo of a phone, and what Postgres takes in a second (decision 0013: a receipt of 5 MB).
IMAGE, IMAGES_PER_SECOND = 2, 5
# Connections: what a process opens at most, and what Postgres allows by default.
OF_A_PROCESS, OF_POSTGRES = 30, 100
# Slots of a worker on a larger machine.
SLOTS_OF_A_WORKER = 8
# Cores are for a rush as well: so many times the receipts.
RUSH = 1.2
# Simulated are at least so many receipts, and at least so many hours.
_RECEIPTS, _HOURS = 20_000, 2


def setting(name: str) -> float:
    """Return the default of a setting."""
    return float(Settings.model_fields[name].default)


def queueing(costs: Costs, per_hour: float, slots: int) -> Queueing:
    """Return the queue of receipts with the default limits."""
    return Queueing(
        per_hour=per_hour,
        seconds=costs.receipt,
        slots=slots,
        limit=int(setting("receipts_queue_limit")),
        age_limit=setting("receipts_age_limit"),
    )


@dataclass(frozen=True)
class Simulated:
    """A load of receipts, with what became of them."""

    per_hour: int
    slots: int
    course: Course


def simulated(costs: Costs) -> Sequence[Simulated]:
    """Simulate each load on two cores, and where that is not enough, on as many as it needs."""
    found = []
    for per_hour in RECEIPTS:
        count = max(_RECEIPTS, per_hour * _HOURS)
        small = queueing(costs, per_hour, CORES)
        course = simulate(small, count)
        found.append(Simulated(per_hour, CORES, course))
        if course.refused or course.wait(95) > WAIT:
            rush = replace(small, per_hour=per_hour * RUSH)
            enough = replace(small, slots=slots_for(rush, count, WAIT))
            found.append(Simulated(per_hour, enough.slots, simulate(enough, count)))
    return found


@dataclass(frozen=True)
class Limit:
    """What ends first: from how many receipts an hour on, and what to change then."""

    what: str
    per_hour: float
    then: str


def limits(costs: Costs) -> Sequence[Limit]:
    """Return the limits of one machine with default settings, the lowest first."""
    found = [
        Limit(
            f"cores for OCR: {CORES}, each busy for {BUSY:.0%} of the time",
            3600 * CORES * BUSY / costs.receipt,
            "more workers with `WORKER_QUEUES=receipts`, on machines of their own",
        ),
        Limit(
            "`RECEIPTS_QUEUE_LIMIT`: receipts are refused, since more come than are read",
            3600 * CORES / costs.receipt,
            "more cores; a higher limit only helps against bursts",
        ),
        Limit(
            f"images in Postgres: {IMAGES_PER_SECOND} MB/s at {IMAGE} MB each",
            3600 * IMAGES_PER_SECOND / IMAGE,
            "an object store (`IMAGE_STORE`), or smaller photos from the app",
        ),
        Limit(
            f"connections: {OF_POSTGRES} of Postgres, at most {OF_A_PROCESS} of each process; "
            f"a front, and workers with {SLOTS_OF_A_WORKER} slots",
            3600 * (OF_POSTGRES // OF_A_PROCESS - 1) * SLOTS_OF_A_WORKER * BUSY / costs.receipt,
            "PgBouncer, or a higher `max_connections`",
        ),
        Limit(
            "one front",
            3600 * BUSY / costs.receipt_front,
            "more fronts behind a load balancer",
        ),
    ]
    return sorted(found, key=lambda limit: limit.per_hour)


@dataclass(frozen=True)
class Size:
    """What a load of items needs: cores, and whole processes, each of which uses one core."""

    per_second: float
    front_cores: float
    worker_cores: float
    server_cores: float

    @property
    def fronts(self) -> int:
        """Fronts that are busy for no more than their share of the time."""
        return max(1, math.ceil(self.front_cores / BUSY))

    @property
    def workers(self) -> int:
        """Workers that are busy for no more than their share of the time."""
        return max(1, math.ceil(self.worker_cores / BUSY))

    @property
    def cores(self) -> int:
        """Cores of everything together."""
        return max(1, math.ceil((self.front_cores + self.worker_cores + self.server_cores) / BUSY))


def item_sizes(costs: Costs) -> Sequence[Size]:
    """Return the size for each load of items. By Little's law, rate × time are busy at once."""
    servers = costs.job_postgres + costs.job_redis
    return [
        Size(each, each * costs.item_front, each * costs.item_worker, each * servers)
        for each in ITEMS
    ]
