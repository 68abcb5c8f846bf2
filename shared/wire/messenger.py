"""The messenger: sends messages to the workers, and carries what they announce to the fronts."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import structlog
from arq.constants import in_progress_key_prefix
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.trace import TracerProvider
from redis.asyncio.client import Pipeline

from shared.contracts.events import StageEvent
from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.telemetry.described_errors import describe
from shared.wire.connections import broker_errors, connect_quick
from shared.wire.messages import Message, NewMessage, queue_key, wake_channel
from shared.wire.publishing import Publisher
from shared.wire.removal import removing

log = structlog.get_logger(__name__)

T = TypeVar("T")
# What redis-py has received from a channel: its `type`, `channel` and `data`.
Received = dict[str, Any]

# What is sent through the channel of a queue when it is paused or resumed. Workers of before take
# it for a new message, and poll.
_PAUSES_CHANGED = b"pauses"
# Seconds. Nothing is lost by a long silence, and each end of one costs some time.
_CONFIRMATION, _LONGEST_SILENCE = 1.0, 60.0


@dataclass(frozen=True)
class PausesChanged:
    """A queue was paused or resumed. Postgres knows which of them."""

    queue: Queue


class Messenger:
    """Sends messages and announcements, and listens for them.

    Every method that uses Redis raises BrokerUnavailable within about a second if Redis is away.
    """

    def __init__(self, settings: Settings) -> None:
        """Use REDIS_URL and QUEUE_NAMESPACE. The messenger connects when it is first used."""
        self._redis = connect_quick(settings)
        self.namespace = settings.queue_namespace
        # Fronts of 0.1.0 listen to announcements only, and workers of 0.1.0 announce endings only.
        self._announced = f"{self.namespace}:finished"
        self._stages = f"{self.namespace}:stages"
        self._listened = f"{self.namespace}:listened"
        self._publisher = Publisher(self._redis, self.namespace)

    async def publish(self, messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
        """Send messages that are not in Redis yet; return those that were skipped.

        A message is skipped if another program has put something else under its key.
        """
        return await self._publisher.publish(messages)

    async def announce(self, job_id: UUID) -> None:
        """Announce to every front that a job has changed. A front that misses it reads the row."""
        await self.report([job_id])

    async def report(
        self,
        news: Sequence[UUID | StageEvent],
        *,
        done: Sequence[Message] = (),
        left: Sequence[Message] = (),
    ) -> None:
        """Announce to every front that jobs have changed, and that stages have begun, in order.

        The same trip removes the messages that are `done`, and unlocks those that are `left` to
        the next worker.
        """
        with broker_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                for queue in Queue:
                    self._handle(
                        pipe,
                        queue,
                        [message.id for message in done if message.queue is queue],
                        [message.id for message in left if message.queue is queue],
                    )
                for entry in news:
                    if isinstance(entry, StageEvent):
                        pipe.publish(self._stages, entry.model_dump_json())
                    else:
                        pipe.publish(self._announced, str(entry))
                await pipe.execute()

    def _handle(
        self, pipe: Pipeline, queue: Queue, done: Sequence[str], left: Sequence[str]
    ) -> None:
        """Add to a pipeline what happens to the messages of a queue that are done or left."""
        if done:
            removing(pipe, queue_key(self.namespace, queue), [name.encode() for name in done])
        if left:
            pipe.delete(*(in_progress_key_prefix + name for name in left))
            # Other workers would find them at their next poll.
            pipe.publish(wake_channel(self.namespace, queue), b"")

    @asynccontextmanager
    async def news(self) -> AsyncIterator[AsyncIterator[UUID | StageEvent]]:
        """Subscribe to what `report` sends for the block, and yield it."""
        async with self._subscribed(self._announced, self._stages) as payloads:
            yield _understood(payloads, self._news_of)

    async def publish_listened(self, job_ids: Collection[UUID]) -> None:
        """Let every worker know that somebody listens to these jobs. It has to be repeated."""
        with broker_errors():
            await self._redis.publish(self._listened, " ".join(map(str, job_ids)))

    async def publish_pause(self, queue: Queue) -> None:
        """Let every worker of a queue know that it was paused or resumed."""
        with broker_errors():
            await self._redis.publish(wake_channel(self.namespace, queue), _PAUSES_CHANGED)

    @asynccontextmanager
    async def calls(
        self, queues: Collection[Queue]
    ) -> AsyncIterator[AsyncIterator[Queue | PausesChanged | list[UUID]]]:
        """Subscribe to what concerns a worker of these queues for the block.

        Yields a queue for each new message in it, changes of its pause, and the jobs that somebody
        listens to.
        """
        published = {wake_channel(self.namespace, queue): queue for queue in queues}
        async with self._subscribed(self._listened, *published) as payloads:
            yield _understood(payloads, partial(_call, published))

    def _news_of(self, channel: str, payload: bytes) -> UUID | StageEvent:
        if channel == self._stages:
            return StageEvent.model_validate_json(payload)
        return UUID(payload.decode())

    @asynccontextmanager
    async def _subscribed(self, *channels: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        subscription = self._redis.pubsub()
        try:
            with broker_errors():
                await subscription.subscribe(*channels)
                early = await _confirmed(subscription, len(channels))
            # What the block itself raises need not be an error of Redis.
            yield _payloads(subscription, early)
        finally:
            with broker_errors():
                await subscription.aclose()  # type: ignore[no-untyped-call]

    def trace_with(self, provider: TracerProvider) -> None:
        """Make a span of every command from now on."""
        RedisInstrumentor.instrument_client(self._redis, tracer_provider=provider)

    async def ping(self) -> None:
        """Raise BrokerUnavailable unless Redis answers."""
        with broker_errors():
            await self._redis.ping()

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose(close_connection_pool=True)


def _call(
    published: Mapping[str, Queue], channel: str, payload: bytes
) -> Queue | PausesChanged | list[UUID]:
    """Return what a worker hears. `published` has the queue of each channel of new messages."""
    queue = published.get(channel)
    if queue is None:
        return [UUID(job_id) for job_id in payload.decode().split()]
    return PausesChanged(queue) if payload == _PAUSES_CHANGED else queue


async def _confirmed(subscription: Any, channels: int) -> list[Received]:
    """Wait until Redis has confirmed every channel, and return the messages that came meanwhile.

    The subscription is not in force before. Raises BrokerUnavailable if a confirmation is late.
    """
    early: list[Received] = []
    while channels:
        message = await subscription.get_message(timeout=_CONFIRMATION)
        if message is None:
            raise BrokerUnavailable
        if message["type"] == "subscribe":
            channels -= 1
        else:
            early.append(message)
    return early


async def _payloads(
    subscription: Any, early: Sequence[Received]
) -> AsyncIterator[tuple[str, bytes]]:
    for message in early:
        yield message["channel"].decode(), message["data"]
    while True:
        with broker_errors():
            # Without a timeout here, a quiet read would end in the client's own timeout, an error.
            message = await subscription.get_message(
                ignore_subscribe_messages=True, timeout=_LONGEST_SILENCE
            )
        if message is not None:
            yield message["channel"].decode(), message["data"]


async def _understood(
    payloads: AsyncIterator[tuple[str, bytes]], understand: Callable[[str, bytes], T]
) -> AsyncIterator[T]:
    """Yield what the messages say, and log those that say nothing that this version knows."""
    async for channel, payload in payloads:
        try:
            understood = understand(channel, payload)
        except ValueError as error:
            log.warning("messenger.not_understood", channel=channel, reason=describe(error))
        else:
            yield understood
