"""Runs the outbox and the reconciler beside the other parts of a worker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from shared.process.background import repeating
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.store.retention import Retentions
from shared.wire.broker import Broker
from shared.wire.messenger import Messenger
from worker.jobs.consumer import lock_seconds
from worker.jobs.reports import Reports
from worker.reconciliation.messages import MessageRepair
from worker.reconciliation.outbox import Outbox
from worker.reconciliation.reconciler import Periods, Reconciler
from worker.telemetry.signals import Telemetry


@asynccontextmanager
async def repairing(
    settings: Settings,
    database: Database,
    messenger: Messenger,
    telemetry: Telemetry,
    reports: Reports,
) -> AsyncIterator[None]:
    """Run the outbox and the reconciler while the block runs, every RECONCILE_INTERVAL."""
    broker = Broker(settings)
    reconciler = Reconciler(
        database,
        [
            MessageRepair(database, broker, queue, lock=lock_seconds(limit))
            for queue, limit in settings.timeouts.items()
        ],
        telemetry,
        reports,
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
        yield
