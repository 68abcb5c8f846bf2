"""The messenger: sends messages to the workers and carries announcements back to the fronts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.trace import TracerProvider

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.store.models import Job
from shared.wire.connections import broker_errors, connect_quick
from shared.wire.messages import TASK, due, message_id, queue_key

# How long Redis keeps a message; one that is gone and still needed is sent again.
_EXPIRY = timedelta(days=1)


class Messenger:
    """Sends messages and announcements, and listens for them. Every method that asks Redis raises
    BrokerUnavailable within a second or so."""

    def __init__(self, url: str, namespace: str) -> None:
        self._redis = connect_quick(url)
        self.namespace = namespace
        self._finished = f"{namespace}:finished"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The messenger of REDIS_URL and QUEUE_NAMESPACE. Connects when it is first used."""
        return cls(settings.redis_url.get_secret_value(), settings.queue_namespace)

    async def publish(self, job: Job) -> None:
        """Send the message of the job's current dispatch; once it is there, again is a no-op."""
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
            # arq says the same of a message that is there and of a connection that was lost.
            if sent is None and await self._redis.zscore(name, message) is None:
                raise BrokerUnavailable
            # Workers look often enough by themselves; this is for those who wait for an answer.
            await self._redis.publish(self._published(Queue(job.queue)), b"")

    async def announce(self, job_id: UUID) -> None:
        """Tell every front that a job ended. Whoever misses it finds out from the row."""
        with broker_errors():
            await self._redis.publish(self._finished, str(job_id))

    @asynccontextmanager
    async def announcements(self) -> AsyncIterator[AsyncIterator[UUID]]:
        """Subscribe; inside the block the ids of ended jobs come as they are announced."""
        async with self._subscribed(self._finished) as said:
            yield (UUID(text.decode()) async for text in said)

    @asynccontextmanager
    async def publications(self, queue: Queue) -> AsyncIterator[AsyncIterator[bytes]]:
        """Subscribe; inside the block something comes for each message that is published."""
        async with self._subscribed(self._published(queue)) as said:
            yield said

    @asynccontextmanager
    async def _subscribed(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        with broker_errors():
            async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(channel)
                # Without a reply to this the subscription is not yet in force.
                await subscription.get_message(timeout=1.0)
                yield _said(subscription)

    def _published(self, queue: Queue) -> str:
        return f"{self.namespace}:published:{queue}"

    def trace_with(self, provider: TracerProvider) -> None:
        """Make a span of every command from here on."""
        RedisInstrumentor.instrument_client(self._redis, tracer_provider=provider)

    async def ping(self) -> None:
        """Raise BrokerUnavailable unless Redis answers."""
        with broker_errors():
            await self._redis.ping()

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose(close_connection_pool=True)


async def _said(subscription: Any) -> AsyncIterator[bytes]:
    while True:
        # Without a timeout of its own a read would end with the client's, as an error.
        message = await subscription.get_message(timeout=1.0)
        if message is not None:
            yield message["data"]
