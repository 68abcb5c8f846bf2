"""What the overview shows: every queue with its recent past, and the health of the service."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from api.console.alerts import Alert, QueueFigures, firing
from api.console.pictures.sparklines import Sparkline, sparkline
from api.console.visit import Visit
from api.front import Front
from api.health.readiness import CheckFields, readiness
from shared.contracts.features import Queue
from shared.contracts.service.health import HealthStatus
from shared.contracts.service.queues import QueueView
from shared.dependencies import DEPENDENCIES
from shared.errors import ServiceError
from shared.store.callbacks.views import CallbackStats, callback_stats
from shared.store.figures.samples import (
    SAMPLED_EVERY,
    RecentFailures,
    Sample,
    Share,
    recent_failures,
    recent_samples,
    waiting_shares,
)
from shared.wire.broker import BrokerCounts

T = TypeVar("T")

# Seconds that the pictures cover.
_PAST = 900.0
# So many tenants of a queue are named.
_MOST_TENANTS = 5
# Seconds for which the figures are used that change slowly or cost more.
_SLOW = 5.0
# The most points that the gap between two samples leaves out before a line is broken.
_GAP = 3.5 * SAMPLED_EVERY


@dataclass(frozen=True)
class QueueSituation:
    """A queue as it is, the tenants whose jobs wait, and lines of the last quarter of an hour.

    `arriving` is how many jobs came in the last minute, None if that is not known yet. `gap` is how
    many waiting jobs have no message in Redis; None while Redis does not answer.
    """

    view: QueueView
    shares: Sequence[Share]
    arriving: int | None
    gap: int | None
    failures: RecentFailures
    depth: Sparkline
    coming: Sparkline
    going: Sparkline


@dataclass(frozen=True)
class Situation:
    """The queues, the overall status, and the checks by name. Without Postgres no queues are known.

    `callbacks` is None for visitors who may not see all tenants.
    """

    queues: Sequence[QueueSituation]
    status: HealthStatus
    checks: Mapping[str, CheckFields]
    alerts: Sequence[Alert]
    callbacks: CallbackStats | None


async def situation(front: Front, visit: Visit) -> Situation:
    """Return what a visitor may see of the situation, none of it older than five seconds."""
    tenants = visit.caller.tenants
    fetch = front.database.fetch
    status, checks = await front.recent.get("readiness", _SLOW, lambda: readiness(front))
    views, samples, shares, failures, counts, callbacks = await asyncio.gather(
        _known(front.admission.views()),
        _known(front.recent.get("samples", _SLOW, lambda: recent_samples(fetch, _PAST))),
        _known(
            front.recent.get(
                ("shares", tenants), _SLOW, lambda: waiting_shares(fetch, tenants, _MOST_TENANTS)
            )
        ),
        _known(
            front.recent.get(("failures", tenants), _SLOW, lambda: recent_failures(fetch, tenants))
        ),
        _known(front.recent.get("counts", _SLOW, front.metrics.broker_counts)),
        _known(front.recent.get("callbacks", _SLOW, lambda: callback_stats(front.database))),
    )
    queues = [
        _queue(
            view,
            (samples or {}).get(view.queue, ()),
            (shares or {}).get(view.queue, ()),
            (failures or {}).get(view.queue, RecentFailures()),
            counts,
        )
        for view in views or ()
    ]
    missing = [name for name in DEPENDENCIES if checks.get(name, {}).get("status") == "error"]
    figures = [QueueFigures(queue.view, queue.gap, queue.failures) for queue in queues]
    alerts = firing(figures, missing, callbacks)
    return Situation(queues, status, checks, alerts, callbacks if tenants is None else None)


async def _known(question: Awaitable[T]) -> T | None:
    """Return the answer, or None if there is none. The checks say why."""
    try:
        return await question
    except ServiceError:
        return None


def _queue(
    view: QueueView,
    samples: Sequence[Sample],
    shares: Sequence[Share],
    failures: RecentFailures,
    counts: Mapping[Queue, BrokerCounts] | None,
) -> QueueSituation:
    coming = _per_minute(samples)

    def line(points: Sequence[tuple[float, float]]) -> Sparkline:
        return sparkline(points, _PAST, _GAP)

    return QueueSituation(
        view=view,
        shares=shares,
        arriving=round(coming[-1][1]) if coming else None,
        gap=max(view.depth - counts[view.queue].waiting, 0) if counts else None,
        failures=failures,
        depth=line([(sample.age, sample.depth) for sample in samples]),
        coming=line(coming),
        going=line([(sample.age, sample.finished) for sample in samples]),
    )


def _per_minute(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """Return for each sample how many jobs came in the minute before it."""
    found: list[tuple[float, float]] = []
    first = 0
    for sample in samples:
        while samples[first].age - sample.age > 60 + SAMPLED_EVERY / 2:
            first += 1
        since = samples[first]
        if since.age > sample.age:
            came = sample.admitted - since.admitted
            found.append((sample.age, max(came, 0) * 60 / (since.age - sample.age)))
    return found
