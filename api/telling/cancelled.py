"""What a front does once a caller has cancelled a job that waited."""

from uuid import UUID

from api.metrics.front import FrontMetrics
from api.telling.waiting import Waiters
from shared.contracts.features import Feature
from shared.errors import ErrorClass
from shared.store.transitions.by_hand import Cancelling


async def announce_cancelled(
    waiters: Waiters, metrics: FrontMetrics, job_id: UUID, cancelling: Cancelling
) -> None:
    """Let those know who wait for the job, and count it."""
    await waiters.announce(job_id)
    feature = Feature(cancelling.feature)
    metrics.finished.count(feature, cancelling.state, ErrorClass.CANCELLED)
