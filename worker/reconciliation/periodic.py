"""Runs the outbox, the reconciler and the sweep of images beside the other parts of a worker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog

from shared.image_errors import ImageStoreUnavailable
from shared.process.background import repeating
from shared.settings import Settings
from shared.store.images.keeping import Images
from shared.store.images.sweeping import sweep
from shared.store.postgres.database import Database
from shared.store.retention import Retentions
from shared.telemetry.described_errors import describe
from shared.wire.broker import Broker
from shared.wire.messenger import Messenger
from worker.jobs.consumer import lock_seconds
from worker.jobs.reports import Reports
from worker.reconciliation.messages import MessageRepair
from worker.reconciliation.outbox import Outbox
from worker.reconciliation.reconciler import Periods, Reconciler
from worker.telemetry.signals import Telemetry

if TYPE_CHECKING:
    from shared.store.images.objects import ObjectStore

log = structlog.get_logger(__name__)

# Seconds between two sweeps. Each lists the whole store.
_SWEEPING = 3_600.0


@asynccontextmanager
async def repairing(
    settings: Settings,
    database: Database,
    messenger: Messenger,
    telemetry: Telemetry,
    reports: Reports,
    images: Images,
) -> AsyncIterator[None]:
    """Run the outbox and the reconciler while the block runs, every RECONCILE_INTERVAL.

    An object store of images is swept once an hour.
    """
    broker = Broker(settings)
    reconciler = Reconciler(
        database,
        [
            MessageRepair(database, broker, queue, lock=lock_seconds(limit))
            for queue, limit in settings.timeouts.items()
        ],
        telemetry,
        reports,
        images,
        publish_deferred=Outbox(database, messenger, broker, telemetry.metrics.jobs).publish,
        periods=Periods(
            retentions=Retentions(
                images=settings.image_retention,
                jobs=settings.job_retention,
                audit=settings.audit_retention,
            ),
            priority_hold=settings.priority_hold,
            leases=settings.leases,
        ),
    )
    pause = settings.reconcile_interval
    async with AsyncExitStack() as stack:
        stack.push_async_callback(broker.close)
        await stack.enter_async_context(repeating("reconciler", reconciler.step, pause=pause))
        if images.objects is not None:
            step = partial(_sweep, database, images.objects)
            await stack.enter_async_context(repeating("images.sweep", step, pause=_SWEEPING))
        yield


async def _sweep(database: Database, objects: "ObjectStore") -> None:
    try:
        swept = await sweep(database, objects)
    except ImageStoreUnavailable as error:
        log.warning("images.sweep.interrupted", away=True, reason=describe(error.__cause__))
        return
    if swept.deleted:
        log.info("images.swept", images=swept.deleted)
