"""One worker process: builds its parts, runs them until told to stop, ends them in reverse."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import uuid4

import structlog

from shared.background import repeating
from shared.broker import Broker
from shared.contracts.features import Feature, Queue
from shared.contracts.workers import EngineReport
from shared.database import Database
from shared.errors import EngineUnavailable
from shared.queue import JobQueue, connect_patient
from shared.settings import Settings
from shared.tracing import Tracing
from shared.version import SERVICE, service_version
from worker.cancellations import Cancellations
from worker.dispatch import ARQ_LOCK_MARGIN, Dispatcher, arq_timeout
from worker.execution import Executor, Limits
from worker.features import Features, Run
from worker.heartbeat import Heartbeat, WorkerState
from worker.item_models import ItemModels
from worker.job_tracing import JobTracing
from worker.outbox import publish_deferred
from worker.patience import patiently
from worker.pipeline.ocr.tesseract import is_installed
from worker.recognition import RecognitionPool
from worker.reconciliation.messages import MessageRepair
from worker.reconciliation.reconciler import Reconciler
from worker.running import RunningJobs

log = structlog.get_logger(__name__)

# How often a worker looks for cancellations of what it runs: people wait for it; seconds.
_CANCEL_INTERVAL = 0.5

Loader = Callable[[Settings, WorkerState, AsyncExitStack], Awaitable[Mapping[Feature, Run]]]


async def run_worker(settings: Settings) -> None:
    """Serve the queues of WORKER_QUEUES until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with worker(settings):
        await stop.wait()
        log.info("worker.draining")


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
        engines={
            **dict.fromkeys(
                ("ocr", "classifier", "embedding_model"), EngineReport(status="not_loaded")
            ),
            "tesseract": EngineReport(status="available" if is_installed() else "not_installed"),
        },
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
        job_tracing = JobTracing(tracing.tracer)
        heartbeat = Heartbeat(database, state, running, settings.lease)
        stack.push_async_callback(heartbeat.end)
        beating = repeating("heartbeat", heartbeat.beat, pause=settings.heartbeat)
        await stack.enter_async_context(beating)
        loader = load or settings.feature_loader or load_features
        runners = await loader(settings, state, stack)
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
            tracing=job_tracing,
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
        await stack.enter_async_context(_repairing(settings, database, queue, job_tracing))
        # Says in the log that Redis is away: the dispatchers wait for it without a word.
        await stack.enter_async_context(repeating("broker", queue.ping, pause=settings.heartbeat))
        await stack.enter_async_context(_dispatching(settings, executor))
        log.info("worker.ready", worker_id=state.id, queues=state.queues, engines=_told(state))
        yield state


@asynccontextmanager
async def _repairing(
    settings: Settings, database: Database, queue: JobQueue, tracing: JobTracing
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
        tracing,
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


async def load_features(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Load every engine that the queues need; `state` tells what is loaded by now, and `stack`
    takes it down."""
    models = ItemModels.of(settings, settings.item_slots)
    stack.push_async_callback(models.close)
    await models.start()
    state.engines["classifier"] = EngineReport(status="ok", model=models.classifier.model_id)
    state.engines["embedding_model"] = EngineReport(
        status="available", model=models.embedder.model_id
    )
    recognition = None
    if Queue.RECEIPTS in settings.worker_queues:
        recognition = RecognitionPool(
            slots=settings.receipt_slots,
            engine=settings.ocr_engine,
            memory=settings.recognition_memory,
            max_pixels=settings.max_image_pixels,
        )
        stack.push_async_callback(recognition.close)
        state.engines["ocr"] = await _started(recognition)
    return Features(recognition, models).runners()


def _told(state: WorkerState) -> dict[str, str]:
    return {name: report.model or report.status for name, report in state.engines.items()}


async def _started(recognition: RecognitionPool) -> EngineReport:
    """Without its engine a worker serves on: it refuses receipts, and says why."""
    try:
        return EngineReport(status="ok", model=" ".join(await recognition.start()))
    except EngineUnavailable as error:
        log.error("worker.engine_unavailable", reason=error.detail)  # noqa: TRY400 (no traceback)
        return EngineReport(status="unavailable", error=error.detail)


@asynccontextmanager
async def _dispatching(settings: Settings, executor: Executor) -> AsyncIterator[None]:
    """Serve every queue for the length of the block; at its end all drain at the same time."""
    async with AsyncExitStack() as stack:
        dispatchers = []
        for queue in settings.worker_queues:
            redis = connect_patient(settings.redis_url.get_secret_value())
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            dispatcher = Dispatcher(
                redis,
                executor,
                namespace=settings.queue_namespace,
                queue=queue,
                slots=_slots(settings)[queue],
                timeout=arq_timeout(_timeouts(settings)[queue]),
            )
            await stack.enter_async_context(repeating("dispatcher", dispatcher.run, pause=1))
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
