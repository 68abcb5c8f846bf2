"""Connections to Redis.

This is the one place that translates the errors of redis-py into those of `shared/errors.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.messages import decode, encode

# Seconds.
_QUICK, _POLLING = 0.5, 5.0


def connect_quick(settings: Settings) -> ArqRedis:
    """Return a client that gives up on Redis after half a second, for use while a caller waits."""
    return _connect(settings, timeout=_QUICK, retry=Retry(NoBackoff(), 0))


def connect_for_polling(settings: Settings) -> ArqRedis:
    """Return a client that waits for Redis for as long as it is away.

    It is for arq's poll loop, which ends if any error reaches it.
    """
    return _connect(
        settings,
        timeout=_POLLING,
        retry=Retry(ExponentialBackoff(cap=1), -1),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
    )


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise BrokerUnavailable in place of any error of Redis or its connection in the block."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerUnavailable from error


def _connect(settings: Settings, *, timeout: float, **options: Any) -> ArqRedis:
    pool = ConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        **options,
    )
    return ArqRedis(pool, job_serializer=encode, job_deserializer=decode)
