"""Connections to Redis.

This is the one place that translates the errors of redis-py into those of `shared/errors.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError

from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.guarded import GuardedPool
from shared.wire.messages import decode, encode

# Seconds.
_QUICK, _POLLING = 0.5, 5.0
# More than a front ever has calls at once, so that no call waits for the connection of another.
_MOST_CONNECTIONS = 10_000


def connect_quick(settings: Settings) -> ArqRedis:
    """Return a client that gives up on Redis after half a second, for use while a caller waits.

    After that its callers fail at once until Redis answers again: it has a circuit of its own.
    """
    pool = GuardedPool.from_url(
        _url(settings),
        max_connections=_MOST_CONNECTIONS,
        timeout=_QUICK,
        socket_timeout=_QUICK,
        socket_connect_timeout=_QUICK,
        retry=Retry(NoBackoff(), 0),
    )
    return _client(pool)


def connect_for_polling(settings: Settings) -> ArqRedis:
    """Return a client for the polls of a worker, which wait for Redis longer than callers can.

    A connection that turns out to be broken is replaced once.
    """
    pool = ConnectionPool.from_url(
        _url(settings),
        socket_timeout=_POLLING,
        socket_connect_timeout=_POLLING,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[ConnectionError],
    )
    return _client(pool)


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise BrokerUnavailable in place of any error of Redis or its connection in the block."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerUnavailable from error


def _url(settings: Settings) -> str:
    return settings.redis_url.get_secret_value()


def _client(pool: ConnectionPool) -> ArqRedis:
    return ArqRedis(pool, job_serializer=encode, job_deserializer=decode)
