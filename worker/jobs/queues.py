"""Runs one consumer for each queue of a worker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from shared.contracts.features import Queue
from shared.process.background import repeating
from shared.settings import Settings
from shared.wire.messenger import Messenger, PausesChanged
from shared.wire.taking import Intake
from worker.health.pulse import poll_of
from worker.jobs.claiming import Claiming
from worker.jobs.consumer import Consumer, Observed, Serving
from worker.jobs.execution import Executor
from worker.jobs.pauses import Pauses
from worker.jobs.reports import Reports

# Seconds after which a poll loop, or a subscription, that ended starts again.
_POLL_PAUSE, _LISTEN_PAUSE = 0.5, 0.5
# Seconds that the last reports may take when a worker shuts down.
_LAST_REPORTS = 2


@asynccontextmanager
async def serving_queues(
    settings: Settings,
    claiming: Claiming,
    executor: Executor,
    messenger: Messenger,
    reports: Reports,
    pauses: Pauses,
    observed: Observed,
) -> AsyncIterator[None]:
    """Serve every queue of WORKER_QUEUES while the block runs.

    At its end all consumers drain at the same time: running jobs have SHUTDOWN_GRACE seconds to
    finish, and are then released.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(repeating("reports", reports.send, pause=0))
        intake = Intake(settings)
        stack.push_async_callback(intake.close)
        # The last thing that a consumer does is to leave what it was about to claim.
        stack.push_async_callback(_send_last, reports)
        consumers = {}
        for queue in settings.worker_queues:
            serving = Serving(queue, settings.slots[queue], settings.timeouts[queue])
            consumer = Consumer(serving, intake, claiming, executor, reports, pauses, observed)
            pauses.on_resumed(queue, consumer.wake)
            observed.pulse.turned(poll_of(queue))
            await stack.enter_async_context(repeating("consumer", consumer.run, pause=_POLL_PAUSE))
            consumers[queue] = consumer
        listen = partial(_listen, messenger, consumers, reports, pauses)
        await stack.enter_async_context(repeating("consumer.listener", listen, pause=_LISTEN_PAUSE))
        try:
            yield
        finally:
            grace = settings.shutdown_grace
            await asyncio.gather(*(consumer.drain(grace) for consumer in consumers.values()))


async def _send_last(reports: Reports) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_REPORTS):
            await reports.all_sent()


async def _listen(
    messenger: Messenger,
    consumers: Mapping[Queue, Consumer],
    reports: Reports,
    pauses: Pauses,
) -> None:
    """Poll a queue whenever a message is published in it, and take note of what is listened to and
    of what is paused, until the subscription ends. Raises BrokerUnavailable."""
    try:
        async with messenger.calls(consumers) as calls:
            # Nothing was heard before.
            await pauses.look()
            for consumer in consumers.values():
                consumer.hears(True)
            async for call in calls:
                if isinstance(call, Queue):
                    consumers[call].wake()
                elif isinstance(call, PausesChanged):
                    await pauses.look()
                else:
                    reports.listened(call)
    finally:
        for consumer in consumers.values():
            consumer.hears(False)
