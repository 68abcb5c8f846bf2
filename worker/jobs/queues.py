"""Runs one consumer for each queue of a worker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from shared.contracts.features import Queue
from shared.process.background import repeating
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from shared.wire.messenger import Messenger
from worker.health.pulse import Pulse, poll_of
from worker.jobs.consumer import Consumer, arq_timeout
from worker.jobs.execution import Executor
from worker.jobs.reports import Reports

# Seconds after which a poll loop, or a subscription, that ended starts again.
_POLL_PAUSE, _LISTEN_PAUSE = 1, 0.5


@asynccontextmanager
async def serving_queues(
    settings: Settings, executor: Executor, messenger: Messenger, reports: Reports, pulse: Pulse
) -> AsyncIterator[None]:
    """Serve every queue of WORKER_QUEUES while the block runs.

    At its end all consumers drain at the same time: running jobs have SHUTDOWN_GRACE seconds to
    finish, and are then released.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(repeating("reports", reports.send, pause=0))
        consumers = {}
        for queue in settings.worker_queues:
            redis = connect_for_polling(settings)
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            consumer = Consumer(
                redis,
                executor,
                namespace=messenger.namespace,
                queue=queue,
                slots=settings.slots[queue],
                timeout=arq_timeout(settings.timeouts[queue]),
                pulse=pulse,
            )
            pulse.turned(poll_of(queue))
            await stack.enter_async_context(repeating("consumer", consumer.run, pause=_POLL_PAUSE))
            consumers[queue] = consumer
        listen = partial(_listen, messenger, consumers, reports)
        await stack.enter_async_context(repeating("consumer.listener", listen, pause=_LISTEN_PAUSE))
        try:
            yield
        finally:
            grace = settings.shutdown_grace
            await asyncio.gather(*(consumer.drain(grace) for consumer in consumers.values()))


async def _listen(
    messenger: Messenger, consumers: Mapping[Queue, Consumer], reports: Reports
) -> None:
    """Poll a queue whenever a message is published in it, and take note of what is listened to,
    until the subscription ends. Raises BrokerUnavailable."""
    async with messenger.calls(consumers) as calls:
        for consumer in consumers.values():
            consumer.wake()
        async for call in calls:
            if isinstance(call, Queue):
                consumers[call].wake()
            else:
                reports.listened(call)
