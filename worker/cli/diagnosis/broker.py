"""Check that Redis is reachable, new enough, and configured to keep its data."""

import time
from typing import Any

from redis.exceptions import RedisError

from shared.settings import Settings
from shared.wire.connections import connect_quick, sentinels
from shared.wire.sentinels import Address
from worker.cli.diagnosis.clocks import clock
from worker.cli.diagnosis.finding import Finding, error, ok, reason, warning

_OLDEST_SUPPORTED = (6, 2)


async def check_broker(settings: Settings) -> list[Finding]:
    """Check the Redis of REDIS_URL. Whatever is wrong with it is a finding, not raised."""
    redis = connect_quick(settings)
    found = await _sentinels(settings)
    try:
        info = await redis.info()
        before = time.time()
        seconds, microseconds = await redis.time()
        ours = (before + time.time()) / 2
    except (RedisError, OSError) as away:
        cure = "Start Redis, or correct REDIS_URL. Until then jobs are accepted and wait."
        return [*found, error("redis", f"cannot be used: {reason(away)}", cure)]
    finally:
        await redis.aclose(close_connection_pool=True)
    skew = seconds + microseconds / 1e6 - ours
    server = [_version(info), _persistence(info), _eviction(info), clock("clock of redis", skew)]
    return [*found, *server]


async def _sentinels(settings: Settings) -> list[Finding]:
    """Check that every Sentinel answers, and that all name the same primary."""
    asked = sentinels(settings)
    if asked is None:
        return []
    answers = await asked.answers()
    said = {f"{host}:{port}": _said(answer) for (host, port), answer in sorted(answers.items())}
    named = {answer for answer in answers.values() if isinstance(answer, tuple)}
    if len(named) == 1 and len(set(said.values())) == 1:
        return [ok("redis sentinels", f"all {len(said)} {next(iter(said.values()))}")]
    detail = "; ".join(f"{sentinel}: {answer}" for sentinel, answer in said.items())
    cure = "Start or repair the Sentinels that differ: a failover needs most of them."
    return [(warning if named else error)("redis sentinels", detail, cure)]


def _said(answer: Address | Exception | None) -> str:
    if answer is None:
        return "does not know the service"
    if isinstance(answer, Exception):
        return reason(answer)
    host, port = answer
    return f"lead to {host}:{port}"


def _version(info: dict[str, Any]) -> Finding:
    # Valkey reports its own name and version, and also the Redis version it is compatible with.
    version = str(info["redis_version"])
    name = f"{info.get('server_name', 'redis')} {info.get('valkey_version', version)}"
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_SUPPORTED:
        return error("redis", name, "Use Redis 6.2 or newer, or Valkey.")
    return ok("redis", f"{name}, {info['used_memory_human']} in use")


def _persistence(info: dict[str, Any]) -> Finding:
    if info.get("aof_enabled"):
        return ok("redis persistence", "append-only file")
    return warning(
        "redis persistence",
        "no append-only file: a restart loses the messages until they are published again",
        "Set `appendonly yes`.",
    )


def _eviction(info: dict[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return ok("redis eviction", policy)
    return error(
        "redis eviction",
        f"{policy}: Redis throws messages away when memory runs low",
        "Set `maxmemory-policy noeviction`.",
    )
