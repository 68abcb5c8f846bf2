"""Connections to Redis.

This is the one place that translates the errors of redis-py into those of `shared/errors.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError

from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.guarded import GuardedPool
from shared.wire.messages import decode, encode
from shared.wire.redis_url import redis_server
from shared.wire.sentinels import Sentinels, led

# Seconds.
_QUICK, _POLLING = 0.5, 5.0
# More than a front ever has calls at once, so that no call waits for the connection of another.
_MOST_CONNECTIONS = 10_000


def connect_quick(settings: Settings) -> ArqRedis:
    """Return a client that gives up on Redis after half a second, for use while a caller waits.

    After that its callers fail at once until Redis answers again: it has a circuit of its own.
    """
    options = {"max_connections": _MOST_CONNECTIONS, "retry": Retry(NoBackoff(), 0)}
    return _client(GuardedPool(timeout=_QUICK, **_options(settings, _QUICK, options)))


def connect_for_polling(settings: Settings) -> ArqRedis:
    """Return a client for the polls of a worker, which wait for Redis longer than callers can.

    A connection that turns out to be broken is replaced once.
    """
    options = {"retry": Retry(NoBackoff(), 1), "retry_on_error": [ConnectionError]}
    return _client(ConnectionPool(**_options(settings, _POLLING, options)))


def sentinels(settings: Settings) -> Sentinels | None:
    """Return the Sentinels that REDIS_URL names, or None if it names the server itself."""
    server = redis_server(settings.redis_url.get_secret_value())
    return Sentinels(server, _POLLING) if server.sentinels else None


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise BrokerUnavailable in place of any error of Redis or its connection in the block."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerUnavailable from error


def _options(settings: Settings, timeout: float, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a pool; those of REDIS_URL have precedence.

    Connecting, and each answer, may take `timeout` seconds.
    """
    server = redis_server(settings.redis_url.get_secret_value())
    limits = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    options = {**limits, **options, **server.options}
    if server.sentinels:
        options |= led(Sentinels(server, timeout), options)
    return options


def _client(pool: ConnectionPool) -> ArqRedis:
    return ArqRedis(pool, job_serializer=encode, job_deserializer=decode)
