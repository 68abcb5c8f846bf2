"""Redis, the wire: messages to the workers, announcements back. Nothing else knows its keys.

A message is `{job_id, trace carrier}` as JSON, sent through arq under the id `<row id>:<dispatch>`.
It may be lost or come twice; the row in Postgres decides what a message is worth.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from arq.connections import ArqRedis
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.trace import TracerProvider
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.store.models import Job

# Name of the arq function that workers register.
TASK = "run_job"
# One step of priority moves a message ahead of those that came up to this many seconds earlier,
# so that a flood of urgent jobs delays the others but never starves them.
HEAD_START = timedelta(seconds=10)
# arq leaves messages alone whose time has not come by the clock of the worker. All are a day early,
# so that it takes a clock that is a day wrong, a worker's or a front's, to keep one from being run.
_EARLY = timedelta(days=1)
# Of a message in Redis; one that is gone and still needed is sent again.
_EXPIRY = timedelta(days=1)


def due(queued_at: datetime, priority: int) -> datetime:
    """The time that a message goes by: Postgres's, less a head start. The one place that orders
    messages."""
    return queued_at - priority * HEAD_START - _EARLY


def message_id(job_id: UUID, dispatch: int) -> str:
    """arq's id of a message."""
    return f"{job_id}:{dispatch}"


def parse_message_id(value: str) -> tuple[UUID, int]:
    """The row id and the dispatch that a message stands for."""
    job_id, _, dispatch = value.partition(":")
    return UUID(job_id), int(dispatch)


def queue_key(namespace: str, queue: Queue) -> str:
    """The sorted set in which arq keeps the messages of a queue."""
    return f"{namespace}:queue:{queue.value}"


def encode(message: dict[str, Any]) -> bytes:
    """arq's serializer: JSON, because unpickling what Redis holds would run it."""
    return json.dumps(message).encode()


def decode(message: bytes) -> dict[str, Any]:
    """arq's deserializer."""
    decoded: dict[str, Any] = json.loads(message)
    return decoded


def connect_quick(url: str) -> ArqRedis:
    """A client that fails within half a second: for callers who have somebody waiting."""
    return _connect(url, timeout=0.5, retry=Retry(NoBackoff(), 0))


def connect_patient(url: str) -> ArqRedis:
    """A client that waits for Redis to come back, however long: for arq's poll loop, which dies
    of any error that reaches it."""
    return _connect(
        url,
        timeout=5.0,
        retry=Retry(ExponentialBackoff(cap=1), -1),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
    )


def _connect(url: str, *, timeout: float, **options: Any) -> ArqRedis:
    pool = ConnectionPool.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, **options
    )
    return ArqRedis(pool, job_serializer=encode, job_deserializer=decode)


class JobQueue:
    """Sends messages and announcements. Raises BrokerUnavailable within a second or so."""

    def __init__(self, url: str, namespace: str) -> None:
        self._redis = connect_quick(url)
        self.namespace = namespace
        self._finished = f"{namespace}:finished"

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


@contextmanager
def broker_errors() -> Iterator[None]:
    """Redis's errors inside the block become BrokerUnavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerUnavailable from error
