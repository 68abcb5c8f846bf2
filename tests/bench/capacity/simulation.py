"""Simulates the queue of receipts: what waits, what is refused, and how busy the slots are."""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field, replace
from statistics import fmean

from tests.bench.figures import percentile


@dataclass(frozen=True)
class Queueing:
    """Receipts that arrive at random, `per_hour`, and are read in `slots`, each on its own core.

    Reading takes `seconds` on average, with a log-normal distribution whose standard deviation is
    `variation` times that. A receipt is refused while `limit` others wait, or while the first of
    those has waited for `age_limit` seconds.
    """

    per_hour: float
    seconds: float
    slots: int
    limit: int
    age_limit: float
    variation: float = 0.5


@dataclass(frozen=True)
class Course:
    """What became of the receipts: the seconds that those waited which were not refused.

    `times` are the seconds from their arrival until they were read.
    """

    waits: list[float]
    times: list[float]
    refused: float
    utilisation: float

    @property
    def mean_wait(self) -> float:
        """The mean wait in seconds."""
        return fmean(self.waits)

    def wait(self, percent: float) -> float:
        """Return the wait that `percent` of the receipts do not exceed."""
        return percentile(self.waits, percent)


@dataclass
class _Slots:
    """When each slot is free again, and the receipts that wait: their starts and arrivals."""

    free: list[float]
    busy: float = 0.0
    waiting: deque[tuple[float, float]] = field(default_factory=deque)

    def run(self, now: float, seconds: float) -> float:
        """Have the next free slot read a receipt, first come, first served; return its wait."""
        start = max(now, heapq.heappop(self.free))
        heapq.heappush(self.free, start + seconds)
        self.busy += seconds
        self.waiting.append((start, now))
        return start - now


def simulate(queueing: Queueing, receipts: int, seed: int = 1) -> Course:
    """Let so many receipts arrive, and return what became of them. The same seed repeats it."""
    rng = random.Random(seed)
    sigma = math.sqrt(math.log(1 + queueing.variation**2))
    mu = math.log(queueing.seconds) - sigma**2 / 2
    slots = _Slots([0.0] * queueing.slots)
    waits, times, now = [], [], 0.0
    for _ in range(receipts):
        now += rng.expovariate(queueing.per_hour / 3600)
        seconds = rng.lognormvariate(mu, sigma)
        while slots.waiting and slots.waiting[0][0] <= now:
            slots.waiting.popleft()
        if not _is_full(queueing, slots.waiting, now):
            waits.append(slots.run(now, seconds))
            times.append(waits[-1] + seconds)
    utilisation = slots.busy / (queueing.slots * max(now, *slots.free))
    return Course(waits, times, 1 - len(waits) / receipts, utilisation)


def _is_full(queueing: Queueing, waiting: deque[tuple[float, float]], now: float) -> bool:
    if not waiting:
        return False
    return len(waiting) >= queueing.limit or now - waiting[0][1] > queueing.age_limit


def slots_for(queueing: Queueing, receipts: int, most: float) -> int:
    """Return the fewest slots with which 95 % of the receipts wait for `most` seconds or less."""
    slots = math.ceil(queueing.per_hour / 3600 * queueing.seconds)
    while True:
        course = simulate(replace(queueing, slots=slots), receipts)
        if course.refused == 0 and course.wait(95) <= most:
            return slots
        slots += 1
