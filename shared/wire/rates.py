"""Counts requests in Redis, for limits that hold for all fronts together.

Only a front that limits rates imports this module, and with it the package that counts.
"""

import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

import structlog
from limits import RateLimitItem, WindowStats, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis

from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.telemetry.described_errors import describe
from shared.wire.connections import broker_errors, connect_quick

log = structlog.get_logger(__name__)

_LOGINS = parse("10/minute")


@dataclass(frozen=True)
class Window:
    """What a limit still allows: of `limit` requests in `seconds`, `remaining` ones.

    `reset`: after how many seconds it is more. `exceeded`: this request was one too many.
    """

    limit: int
    seconds: int
    remaining: int
    reset: int
    exceeded: bool


class Rates:
    """Counts the requests of each token and for each tenant, in a window that slides.

    Limits save capacity, and admission protects the queues: while Redis is away, nothing is
    counted, and every request passes.
    """

    def __init__(self, settings: Settings) -> None:
        """Use RATE_LIMIT_TOKEN and RATE_LIMIT_TENANT, REDIS_URL and QUEUE_NAMESPACE."""
        self._redis = connect_quick(settings)
        self._limiter = SlidingWindowCounterRateLimiter(_storage(self._redis, settings))
        self._token = _parsed(settings.rate_limit_token)
        self._tenant = _parsed(settings.rate_limit_tenant)
        self._counting = True

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    async def count_token(self, token_id: str) -> Window | None:
        """Count a request of a token.

        Returns None if there is no such limit, and while Redis cannot be asked.
        """
        return await self._count(self._token, "token", token_id)

    async def count_tenant(self, tenant_id: str) -> Window | None:
        """Count a request for a tenant. Returns None as `count_token` does."""
        return await self._count(self._tenant, "tenant", tenant_id)

    async def _count(self, limit: RateLimitItem | None, *whose: str) -> Window | None:
        if limit is None:
            return None
        try:
            with broker_errors():
                admitted = await self._limiter.hit(limit, *whose)
                left = await self._limiter.get_window_stats(limit, *whose)
        except BrokerUnavailable as error:
            self._note_absence(error)
            return None
        self._counting = True
        return _window(limit, left, admitted=admitted)

    def _note_absence(self, error: BrokerUnavailable) -> None:
        """Log that nothing is counted, once until something is counted again."""
        if self._counting:
            self._counting = False
            log.warning("rate_limits.off", reason=describe(error.__cause__))


class LoginRates:
    """Counts the logins from each address, of which there may be ten a minute.

    Whoever guesses tokens shall not be faster for an outage: while Redis is away, each front
    counts by itself.
    """

    def __init__(self, settings: Settings) -> None:
        """Use REDIS_URL and QUEUE_NAMESPACE."""
        self._redis = connect_quick(settings)
        self._common = SlidingWindowCounterRateLimiter(_storage(self._redis, settings))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    async def count(self, address: str) -> Window:
        """Count a login from an address; all of an IPv6 network of 64 bits count as the same."""
        address = _network(address)
        try:
            with broker_errors():
                return await _hit(self._common, address)
        except BrokerUnavailable as error:
            log.warning("logins.counted_alone", reason=describe(error.__cause__))
            return await _hit(self._own, address)


def _network(address: str) -> str:
    """Return what one machine or household has of addresses, which is more than one of IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


async def _hit(limiter: SlidingWindowCounterRateLimiter, address: str) -> Window:
    admitted = await limiter.hit(_LOGINS, "login", address)
    left = await limiter.get_window_stats(_LOGINS, "login", address)
    return _window(_LOGINS, left, admitted=admitted)


def _storage(redis: Redis, settings: Settings) -> RedisStorage:
    return RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix=f"{settings.queue_namespace}:limits",
        connection_pool=redis.connection_pool,  # type: ignore[arg-type]
    )


def _window(limit: RateLimitItem, left: WindowStats, *, admitted: bool) -> Window:
    reset = max(1, math.ceil(left.reset_time - time.time()))
    remaining = left.remaining if admitted else 0
    return Window(limit.amount, limit.get_expiry(), remaining, reset, exceeded=not admitted)


def _parsed(rate: str | None) -> RateLimitItem | None:
    return parse(rate) if rate else None
