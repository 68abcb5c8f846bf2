"""Builds the parts of one worker, runs them, and closes them in reverse."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import uuid4

import structlog

from shared.background import repeating
from shared.contracts.features import Queue
from shared.dependencies import check_dependencies
from shared.errors import EngineUnavailable
from shared.settings import Settings
from shared.store.database import Database
from shared.telemetry.tracing import Tracing
from shared.version import SERVICE, service_version
from shared.wire.broker import Broker
from shared.wire.queue import JobQueue, connect_patient
from worker.features.loading import Loader, expected_engines, load_features, settle
from worker.health.probes import Probes, serving
from worker.health.pulse import HEARTBEAT, Pulse, poll_of
from worker.jobs.cancellations import Cancellations
from worker.jobs.consumer import ARQ_LOCK_MARGIN, Dispatcher, arq_timeout
from worker.jobs.execution import Executor, Limits
from worker.jobs.heartbeat import Heartbeat
from worker.jobs.patience import patiently
from worker.jobs.running import RunningJobs
from worker.reconciliation.messages import MessageRepair
from worker.reconciliation.outbox import publish_deferred
from worker.reconciliation.reconciler import Reconciler
from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.state import WorkerState
from worker.telemetry.worker_metrics import WorkerMetrics
from worker.telemetry.worker_telemetry import Telemetry

log = structlog.get_logger(__name__)

# How often a worker looks for cancellations of what it runs: people wait for it; seconds.
_CANCEL_INTERVAL = 0.5


@asynccontextmanager
async def worker(settings: Settings, load: Loader | None = None) -> AsyncIterator[WorkerState]:
    """A worker that serves its queues for the length of the block, and drains at its end.

    `load` makes the runners of its features; by default, those of the product.
    """
    state = WorkerState(
        id=f"{socket.gethostname()}:{os.getpid()}:{uuid4()}",
        version=service_version(),
        queues=[queue.value for queue in settings.worker_queues],
        slots={queue.value: _slots(settings)[queue] for queue in settings.worker_queues},
        engines=expected_engines(settings.worker_queues),
    )
    running = RunningJobs()
    async with AsyncExitStack() as stack:
        tracing = Tracing(settings, f"{SERVICE}-worker")
        stack.push_async_callback(tracing.close)
        # A transaction that outlasts the lease is of no use any more.
        database = Database(
            settings.database_url.get_secret_value(), process="worker", patience=settings.lease
        )
        stack.push_async_callback(database.close)
        redis_url = settings.redis_url.get_secret_value()
        queue = JobQueue(redis_url, settings.queue_namespace)
        stack.push_async_callback(queue.close)
        if tracing.exporting:
            database.trace_with(tracing.provider)
            queue.trace_with(tracing.provider)
        metrics = WorkerMetrics(state)
        telemetry = Telemetry(JobTracing(tracing.tracer), metrics)
        database.measure_with(metrics.registry)
        # Two leases and what lies between them: by then the worker's jobs have long been rescued.
        pulse = Pulse(2 * (settings.lease + settings.heartbeat))
        probes = Probes(database, queue, state, pulse, metrics, settings.probe_patience).app()
        # Before the engines load, which may take minutes: somebody watches this port.
        state.url = await stack.enter_async_context(
            serving(probes, settings.host, settings.worker_port)
        )
        await check_dependencies(database, queue, required=settings.require_dependencies)
        heartbeat = Heartbeat(database, state, running, metrics, settings.lease)
        stack.push_async_callback(heartbeat.end)
        pulse.turned(HEARTBEAT)
        beating = repeating("heartbeat", pulse.heartbeat(heartbeat.beat), pause=settings.heartbeat)
        await stack.enter_async_context(beating)
        loader = load or settings.feature_loader or load_features
        runners = await loader(settings, state, stack)
        settle(state.engines)
        _check_engines(settings, state)
        # Says at once what is loaded by now; patiently, since Postgres may be away just then.
        async for attempt in patiently():
            with attempt:
                await heartbeat.beat()
        executor = Executor(
            worker_id=state.id,
            database=database,
            queue=queue,
            runners=runners,
            running=running,
            telemetry=telemetry,
            limits=Limits(
                lease=settings.lease,
                retry_pause=settings.retry_pause,
                timeouts=_timeouts(settings),
            ),
        )
        cancellations = Cancellations(database, running, state.id)
        await stack.enter_async_context(
            repeating("cancellations", cancellations.look, pause=_CANCEL_INTERVAL)
        )
        await stack.enter_async_context(_repairing(settings, database, queue, telemetry))
        # Says in the log that Redis is away: the dispatchers wait for it without a word.
        asking = pulse.broker(queue.ping, settings.worker_queues)
        await stack.enter_async_context(repeating("broker", asking, pause=settings.heartbeat))
        await stack.enter_async_context(_dispatching(settings, executor, queue, pulse))
        state.phase = "ready"
        log.info("worker.ready", worker_id=state.id, queues=state.queues, engines=_told(state))
        try:
            yield state
        finally:
            state.phase = "draining"


def _check_engines(settings: Settings, state: WorkerState) -> None:
    """Raises EngineUnavailable for one that could not be loaded, if nothing may be missing."""
    for report in state.engines.values():
        if report.status == "unavailable" and settings.require_dependencies:
            raise EngineUnavailable(report.error)


@asynccontextmanager
async def _repairing(
    settings: Settings, database: Database, queue: JobQueue, telemetry: Telemetry
) -> AsyncIterator[None]:
    """For the length of the block, publish what waits and repair what nobody holds."""
    broker = Broker(settings.redis_url.get_secret_value(), settings.queue_namespace)
    repairs = [
        MessageRepair(database, broker, name, lock=arq_timeout(limit) + ARQ_LOCK_MARGIN)
        for name, limit in _timeouts(settings).items()
    ]
    reconciler = Reconciler(
        database,
        queue,
        repairs,
        telemetry,
        image_retention=settings.image_retention,
        job_retention=settings.job_retention,
    )
    pause = settings.reconcile_interval
    async with AsyncExitStack() as stack:
        stack.push_async_callback(broker.close)
        outbox = partial(publish_deferred, database, queue)
        await stack.enter_async_context(repeating("outbox", outbox, pause=pause))
        await stack.enter_async_context(repeating("reconciler", reconciler.step, pause=pause))
        yield


def _told(state: WorkerState) -> dict[str, str]:
    return {name: report.model or report.status for name, report in state.engines.items()}


@asynccontextmanager
async def _dispatching(
    settings: Settings, executor: Executor, messages: JobQueue, pulse: Pulse
) -> AsyncIterator[None]:
    """Serve every queue for the length of the block; at its end all drain at the same time."""
    async with AsyncExitStack() as stack:
        dispatchers = []
        for queue in settings.worker_queues:
            redis = connect_patient(settings.redis_url.get_secret_value())
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            dispatcher = Dispatcher(
                redis,
                executor,
                messages,
                queue=queue,
                slots=_slots(settings)[queue],
                timeout=arq_timeout(_timeouts(settings)[queue]),
                pulse=pulse,
            )
            pulse.turned(poll_of(queue))
            await stack.enter_async_context(repeating("dispatcher", dispatcher.run, pause=1))
            await stack.enter_async_context(
                repeating("dispatcher.listener", dispatcher.listen, pause=0.5)
            )
            dispatchers.append(dispatcher)
        try:
            yield
        finally:
            grace = settings.shutdown_grace
            await asyncio.gather(*(dispatcher.drain(grace) for dispatcher in dispatchers))


def _slots(settings: Settings) -> dict[Queue, int]:
    return {Queue.RECEIPTS: settings.receipt_slots, Queue.ITEMS: settings.item_slots}


def _timeouts(settings: Settings) -> dict[Queue, float]:
    return {Queue.RECEIPTS: settings.receipt_timeout, Queue.ITEMS: settings.item_timeout}
