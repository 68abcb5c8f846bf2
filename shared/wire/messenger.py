"""The messenger: sends messages to the workers and carries announcements back to the fronts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.trace import TracerProvider

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.store.models import Job
from shared.wire.connections import broker_errors, connect_quick
from shared.wire.messages import TASK, due, message_id, queue_key

# For how long Redis keeps a message. If one is gone and still needed, it is sent again.
_EXPIRY = timedelta(days=1)


class Messenger:
    """Sends messages and announcements, and listens for them.

    Every method that uses Redis raises BrokerUnavailable within about a second if Redis is away.
    """

    def __init__(self, settings: Settings) -> None:
        """Use REDIS_URL and QUEUE_NAMESPACE. The messenger connects when it is first used."""
        self._redis = connect_quick(settings)
        self.namespace = settings.queue_namespace
        self._finished = f"{self.namespace}:finished"

    async def publish(self, job: Job) -> None:
        """Send the message of the job's current dispatch; do nothing if it is in Redis already."""
        name, message = (
            queue_key(self.namespace, Queue(job.queue)),
            message_id(job.id, job.dispatch),
        )
        with broker_errors():
            sent = await self._redis.enqueue_job(
                TASK,
                str(job.id),
                job.trace_carrier,
                _job_id=message,
                _queue_name=name,
                _defer_until=due(job.queued_at, job.priority),
                _expires=_EXPIRY,
            )
            # arq returns None both if the message exists and if the connection was lost.
            if sent is None and await self._redis.zscore(name, message) is None:
                raise BrokerUnavailable
            # Workers would find the message at their next poll; this spares waiting callers that.
            await self._redis.publish(self._published(Queue(job.queue)), b"")

    async def announce(self, job_id: UUID) -> None:
        """Announce to every front that a job has ended. A front that misses it reads the row."""
        with broker_errors():
            await self._redis.publish(self._finished, str(job_id))

    @asynccontextmanager
    async def announcements(self) -> AsyncIterator[AsyncIterator[UUID]]:
        """Subscribe to the announcements for the block, and yield the ids of the ended jobs."""
        async with self._subscribed(self._finished) as payloads:
            yield (UUID(payload.decode()) async for payload in payloads)

    @asynccontextmanager
    async def publications(self, queue: Queue) -> AsyncIterator[AsyncIterator[bytes]]:
        """Subscribe to a queue for the block, and yield an empty value for each new message."""
        async with self._subscribed(self._published(queue)) as payloads:
            yield payloads

    @asynccontextmanager
    async def _subscribed(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        subscription = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            with broker_errors():
                await subscription.subscribe(channel)
                # The subscription is not in force until Redis has confirmed it.
                await subscription.get_message(timeout=1.0)
            # What the block itself raises need not be an error of Redis.
            yield _payloads(subscription)
        finally:
            with broker_errors():
                await subscription.aclose()  # type: ignore[no-untyped-call]

    def _published(self, queue: Queue) -> str:
        return f"{self.namespace}:published:{queue}"

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


async def _payloads(subscription: Any) -> AsyncIterator[bytes]:
    while True:
        with broker_errors():
            # Without a timeout here, a quiet read would end in the client's own timeout, an error.
            message = await subscription.get_message(timeout=1.0)
        if message is not None:
            yield message["data"]
