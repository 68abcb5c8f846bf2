"""The limits of a queue: for all tenants together, and for each of them."""

import math
from dataclasses import dataclass

from shared.contracts.features import Queue
from shared.settings import Settings
from shared.store.figures.pace import Pace
from shared.store.queue_stats import QueueStats, TenantStats, Watched

# Used where nothing is known to estimate from; seconds.
_DEFAULT_RETRY_AFTER = 30
_MAX_RETRY_AFTER = 3600  # seconds
# As many jobs as have to end in a window that shows the pace.
_ENOUGH = 5


@dataclass(frozen=True)
class Excess:
    """Why a queue takes no job of a tenant, and how many jobs have to go before it does.

    `tenant` is None if the queue is full for all. Those jobs have waited for up to `age` seconds.
    """

    detail: str
    jobs: int
    age: float
    tenant: str | None


@dataclass(frozen=True)
class QueueLimit:
    """The limits of one queue.

    `depth` is in waiting jobs of all tenants, `share` in those of one tenant. `age` is for how many
    seconds the oldest job of a tenant may have waited. It is no limit for the others, whose turns
    come before that tenant's backlog is done.
    """

    queue: Queue
    depth: int
    share: int
    age: float

    @property
    def watched(self) -> Watched:
        """The tenants whose figures have to be known; all others have fewer jobs waiting."""
        return Watched(many=math.ceil(self.share / 2), old=self.age)

    def full(self, stats: QueueStats) -> bool:
        """Return whether the queue takes no job of anybody."""
        return stats.depth >= self.depth

    def ceiling(self, stats: QueueStats, tenant_id: str) -> int:
        """Return how many jobs the queue may ever have admitted after the last of a tenant's.

        The queue must take jobs of the tenant. The figures may be of any age: since then no more
        jobs can have come to wait than were admitted, but for those that were queued again.
        """
        return stats.admitted + self.room(stats, tenant_id)

    def room(self, stats: QueueStats, tenant_id: str) -> int:
        """Return how many more jobs of a tenant the queue takes, at least.

        The queue must take jobs of the tenant.
        """
        listed = stats.tenants.get(tenant_id)
        waiting = listed.depth if listed else min(self.watched.many - 1, stats.depth)
        return min(self.depth - stats.depth, self.share - waiting)

    def excess(self, stats: QueueStats, tenant_id: str) -> Excess | None:
        """Return why the queue takes no job of a tenant, or None if it does."""
        if self.full(stats):
            detail = f"The queue {self.queue} is full: {self.depth} jobs wait. Try again later."
            return Excess(detail, stats.depth - self.depth + 1, stats.oldest_age, None)
        own = stats.tenants.get(tenant_id, TenantStats())
        if own.depth >= self.share:
            detail = (
                f"The queue {self.queue} takes no more jobs of this tenant: "
                f"{self.share} of them wait, which is its share. Try again later."
            )
            return Excess(detail, own.depth - self.share + 1, own.oldest_age, tenant_id)
        if own.oldest_age >= self.age:
            detail = (
                f"The queue {self.queue} takes no more jobs of this tenant: "
                f"the oldest has waited for {self.age:g} s. Try again later."
            )
            return Excess(detail, own.depth, own.oldest_age, tenant_id)
        return None


def queue_limits(settings: Settings) -> dict[Queue, QueueLimit]:
    """Return the limits of every queue."""
    limits = {
        Queue.RECEIPTS: (settings.receipts_queue_limit, settings.receipts_age_limit),
        Queue.ITEMS: (settings.items_queue_limit, settings.items_age_limit),
    }
    share = settings.tenant_queue_share
    return {
        queue: QueueLimit(queue, depth, math.ceil(depth * share), age)
        for queue, (depth, age) in limits.items()
    }


def retry_after(excess: Excess, stats: QueueStats, pace: Pace) -> int:
    """Estimate in how many seconds so many jobs are done that the queue takes another.

    `pace` is that of the tenant whose jobs they are, or of the whole queue, while they waited. If
    too few ended to show it, every slot is taken to do one job after the other, and the tenants
    that wait to take turns.
    """
    rate = pace.ended / pace.window if pace.window else 0.0
    if pace.ended < _ENOUGH and stats.slots and pace.run:
        tenants = stats.waiting_tenants if excess.tenant else 1
        rate = stats.slots / pace.run / max(tenants, 1)
    if not rate:
        return _DEFAULT_RETRY_AFTER
    return max(1, min(math.ceil(excess.jobs / rate), _MAX_RETRY_AFTER))
