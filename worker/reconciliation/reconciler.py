"""Rescues jobs, repairs messages and prunes old rows, in one worker at a time."""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

import structlog

from shared.contracts.features import Queue
from shared.store import transitions
from shared.store.access.audit import prune_audit
from shared.store.access.sessions import prune_sessions
from shared.store.bulk.operations import prune_operations
from shared.store.figures.samples import prune_samples
from shared.store.hot.due import Due, look
from shared.store.hot.leases import Leases
from shared.store.images.keeping import Images
from shared.store.postgres.database import Database
from shared.store.postgres.server import RECONCILER, try_lock
from shared.store.queues.order import lift, prune_turns
from shared.store.retention import Retentions, prune_images, prune_jobs, prune_workers
from worker.jobs.reports import Reports
from worker.reconciliation import CHUNK
from worker.reconciliation.messages import SETTLED, MessageRepair
from worker.telemetry.signals import Telemetry

log = structlog.get_logger(__name__)

# Seconds. Messages that no job needs do no harm: whoever takes one ignores and removes it.
_PRUNING_INTERVAL, _LISTING_INTERVAL = 60.0, 10.0
# Jobs that are lifted at once. Those of their new band alternate with them, and those of the band
# that they leave wait until they are taken, so they are few.
_LIFTED = 20


@dataclass(frozen=True, kw_only=True)
class Periods:
    """How long something lasts.

    Jobs may hold back those of a lower band for `priority_hold` seconds.
    """

    retentions: Retentions
    priority_hold: float
    leases: Leases


class Reconciler:
    """Rescues, repairs and prunes. Every worker has one; a Postgres lock decides which one acts."""

    def __init__(
        self,
        database: Database,
        repairs: Sequence[MessageRepair],
        telemetry: Telemetry,
        reports: Reports,
        images: Images,
        *,
        publish_deferred: Callable[[], Awaitable[object]],
        periods: Periods,
    ) -> None:
        """`publish_deferred` empties the outbox."""
        self._database = database
        self._repairs = repairs
        self._tracing = telemetry.tracing
        self._metrics = telemetry.metrics
        self._reports = reports
        self._images = images
        self._publish_deferred = publish_deferred
        self._periods = periods
        self._pruned_at = self._listed_at = -math.inf

    async def step(self) -> None:
        """Look for what is due, and do it.

        Raises DatabaseUnavailable, BrokerUnavailable.
        """
        due = await look(self._database.fetch, SETTLED)
        acted = True
        try:
            if due.outbox:
                await self._publish_deferred()
        finally:
            # Redis may be away, and a rescue does not need it.
            if due.rescue or self._prunes() or due.waiting or await self._messages_are_left():
                acted = await self._act(due)
        # If another session keeps the lock for ever, nothing that is due is done.
        if acted:
            self._metrics.reconciler_succeeded()

    async def _act(self, due: Due) -> bool:
        """Do what is due, unless another worker is doing so; return whether this worker did.

        The lock only saves work: every part may safely be done twice. Images in an object store
        are deleted after it is given back, since a store that is slow shall hold up no rescue.
        """
        urls: Sequence[str] = ()
        async with self._database.transaction() as session:
            if not await try_lock(session, RECONCILER):
                return False
            if due.rescue:
                await self._rescue()
            if self._prunes():
                urls = await self._prune()
            for repair in self._repairs:
                if due.waiting:
                    await self._lift(repair.queue)
                await self._repair_messages(repair)
        await self._images.forget_or_log(urls)
        return True

    def _prunes(self) -> bool:
        return time.monotonic() - self._pruned_at > _PRUNING_INTERVAL

    async def _messages_are_left(self) -> bool:
        """Return whether a queue has messages though no job has waited for long.

        They may be without a job, which a look now and then finds soon enough.
        """
        if time.monotonic() - self._listed_at < _LISTING_INTERVAL:
            return False
        self._listed_at = time.monotonic()
        return any([await repair.has_messages() for repair in self._repairs])

    async def _rescue(self) -> None:
        async with self._database.transaction() as session:
            rescued = await transitions.rescue(session, CHUNK, self._periods.leases)
        for job in rescued:
            self._metrics.jobs.rescued(job)
            with self._tracing.rescued(job):
                log.warning(
                    "job.rescued",
                    job_id=str(job.job_id),
                    attempt=job.attempt,
                    feature=job.feature,
                    tenant_id=job.tenant_id,
                    request_id=job.request_id,
                    state=job.state,
                    lost_worker=job.worker_id,
                )
            if job.state.finished:
                self._reports.ended(job.job_id)
            else:
                self._reports.changed(job.job_id)

    async def _lift(self, queue: Queue) -> None:
        """Let some jobs go on that higher bands have held back for long; the next step sends their
        messages again."""
        async with self._database.transaction() as session:
            lifted = await lift(session, queue, self._periods.priority_hold, _LIFTED)
        if lifted:
            log.info("jobs.lifted", queue=queue, jobs=lifted)

    async def _repair_messages(self, repair: MessageRepair) -> None:
        repairs = asdict(await repair.step())
        self._metrics.jobs.repaired(repair.queue, **repairs)
        if any(repairs.values()):
            log.warning("messages.repaired", **repairs)

    async def _prune(self) -> Sequence[str]:
        """Delete rows whose time is over; return the URLs of their images in an object store."""
        async with self._database.transaction() as session:
            images = await prune_images(session, self._periods.retentions.images)
        async with self._database.transaction() as session:
            jobs = await prune_jobs(session, self._periods.retentions.jobs)
            await prune_workers(session)
            await prune_samples(session)
        async with self._database.transaction() as session:
            turns = await prune_turns(session, CHUNK)
        async with self._database.transaction() as session:
            audit = await prune_audit(session, self._periods.retentions.audit)
            audit += await prune_operations(session, self._periods.retentions.audit)
            await prune_sessions(session)
        if images.count or jobs.count or audit or turns:
            # The next step prunes again without waiting, since there may be more.
            log.info("pruned", images=images.count, jobs=jobs.count, audit=audit, turns=turns)
        else:
            self._pruned_at = time.monotonic()
        return [*images.urls, *jobs.urls]
