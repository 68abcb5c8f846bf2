"""The kinds of servers, behind which the same tests run. A new kind is one class in this list."""

from tests.servers.kinds.kind import Kind
from tests.servers.kinds.postgres import PgBouncer, PostgresWithTls
from tests.servers.kinds.redis import Redis7, RedisWithTls, Sentinels

KINDS: tuple[type[Kind], ...] = (
    Kind, Redis7, RedisWithTls, Sentinels, PgBouncer, PostgresWithTls,
)  # fmt: skip
