"""Runs one consumer for each queue of a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from shared.process.background import repeating
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from shared.wire.messenger import Messenger
from worker.health.pulse import Pulse, poll_of
from worker.jobs.consumer import Consumer, arq_timeout
from worker.jobs.execution import Executor

# Seconds after which a poll loop, or a subscription, that ended starts again.
_POLL_PAUSE, _LISTEN_PAUSE = 1, 0.5


@asynccontextmanager
async def serving_queues(
    settings: Settings, executor: Executor, messenger: Messenger, pulse: Pulse
) -> AsyncIterator[None]:
    """Serve every queue of WORKER_QUEUES while the block runs.

    At its end all consumers drain at the same time: running jobs have SHUTDOWN_GRACE seconds to
    finish, and are then released.
    """
    async with AsyncExitStack() as stack:
        consumers = []
        for queue in settings.worker_queues:
            redis = connect_for_polling(settings)
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            consumer = Consumer(
                redis,
                executor,
                messenger,
                queue=queue,
                slots=settings.slots[queue],
                timeout=arq_timeout(settings.timeouts[queue]),
                pulse=pulse,
            )
            pulse.turned(poll_of(queue))
            await stack.enter_async_context(repeating("consumer", consumer.run, pause=_POLL_PAUSE))
            await stack.enter_async_context(
                repeating("consumer.listener", consumer.listen, pause=_LISTEN_PAUSE)
            )
            consumers.append(consumer)
        try:
            yield
        finally:
            grace = settings.shutdown_grace
            await asyncio.gather(*(consumer.drain(grace) for consumer in consumers))
