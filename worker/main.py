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
from shared.contracts.features import Feature, Queue
from shared.database import Database
from shared.queue import JobQueue, connect_patient
from shared.settings import Settings
from shared.version import service_version
from worker.dispatch import Dispatcher
from worker.execution import Executor, Limits
from worker.features import Features, Run
from worker.heartbeat import Heartbeat, WorkerState
from worker.item_models import ItemModels
from worker.outbox import publish_deferred
from worker.pipeline.meaning.engines import load_engines
from worker.recognition import RecognitionPool
from worker.running import RunningJobs

log = structlog.get_logger(__name__)

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
        engines={"ocr": None, "classifier": None, "embedding": None},
    )
    running = RunningJobs()
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value(), process="worker")
        stack.push_async_callback(database.close)
        redis_url = settings.redis_url.get_secret_value()
        queue = JobQueue(redis_url, settings.queue_namespace)
        stack.push_async_callback(queue.close)
        heartbeat = Heartbeat(database, state, running, settings.lease)
        stack.push_async_callback(heartbeat.end)
        beating = repeating("heartbeat", heartbeat.beat, pause=settings.heartbeat)
        await stack.enter_async_context(beating)
        runners = await (load or load_features)(settings, state, stack)
        await heartbeat.beat()
        executor = Executor(
            worker_id=state.id,
            database=database,
            queue=queue,
            runners=runners,
            running=running,
            limits=Limits(lease=settings.lease, timeouts=_timeouts(settings)),
        )
        outbox = partial(publish_deferred, database, queue)
        await stack.enter_async_context(repeating("outbox", outbox, pause=2))
        await stack.enter_async_context(_dispatching(settings, executor))
        log.info("worker.ready", worker_id=state.id, queues=state.queues, engines=state.engines)
        yield state


async def load_features(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Load every engine that the queues need; `state` tells what is loaded by now, and `stack`
    takes it down."""
    load = partial(
        load_engines,
        settings.classifier,
        settings.classification_model,
        settings.embedding_model,
    )
    models = ItemModels(settings.item_slots, load)
    stack.callback(models.close)
    await models.start()
    state.engines["classifier"] = models.classifier.model_id
    state.engines["embedding"] = models.embedder.model_id
    recognition = None
    if Queue.RECEIPTS in settings.worker_queues:
        recognition = RecognitionPool(
            slots=settings.receipt_slots,
            engine=settings.ocr_engine,
            memory=settings.recognition_memory,
            max_pixels=settings.max_image_pixels,
        )
        stack.push_async_callback(recognition.close)
        state.engines["ocr"] = " ".join(await recognition.start())
    return Features(recognition, models).runners()


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
                slots=settings.receipt_slots if queue is Queue.RECEIPTS else settings.item_slots,
                timeout=_timeouts(settings)[queue] + 30,
            )
            await stack.enter_async_context(repeating("dispatcher", dispatcher.run, pause=1))
            dispatchers.append(dispatcher)
        try:
            yield
        finally:
            grace = settings.shutdown_grace
            await asyncio.gather(*(dispatcher.drain(grace) for dispatcher in dispatchers))


def _timeouts(settings: Settings) -> dict[Queue, float]:
    return {Queue.RECEIPTS: settings.receipt_timeout, Queue.ITEMS: settings.item_timeout}
