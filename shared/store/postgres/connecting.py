"""How processes connect to Postgres, directly or through a pooler."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import URL

from shared.process.patience import Patience
from shared.store.postgres.hosts import connect
from shared.store.postgres.settings.database_settings import Pooler
from shared.store.postgres.settings.limits import limit_transactions, limits_at_start
from shared.store.postgres.sqlstates import ERRORS_OF_DRIVER, Meaning, meaning_of, refuses

# Seconds that connecting and closing may take.
_CONNECT = 10
_CLOSE = 0.1


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that closes within 0.1 s even if the server hangs.

    SQLAlchemy allows two seconds, which is too long while a caller waits.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (its own)
        """Ask the server to close, and disconnect after 0.1 s at the latest."""
        # If the time is over, the driver has disconnected, which is all that anybody wants.
        with suppress(TimeoutError):
            await super().close(timeout=min(timeout or _CLOSE, _CLOSE))


@dataclass(frozen=True, kw_only=True)
class Connecting:
    """How to connect.

    Postgres shows the name `process` in `pg_stat_activity`. It ends a transaction after `limit`
    seconds, and never if that is None. A pooler knows neither the limits nor the statements that a
    connection prepared, since the next transaction may run on another.
    """

    process: str
    pooler: Pooler
    limit: float | None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `asyncpg.connect` beside the address."""
        limits = limits_at_start(self._own_limit) if self._own_limit else {}
        return {
            "timeout": _CONNECT,
            "connection_class": Connection,
            "server_settings": {"application_name": self.process, **limits},
            **({} if self.pooler == "none" else {"statement_cache_size": 0}),
        }

    def engine_arguments(self, url: URL) -> dict[str, Any]:
        """Return the same for SQLAlchemy, which prepares statements by itself too."""
        kept = {} if self.pooler == "none" else {"prepared_statement_cache_size": 0}
        return {"async_creator_fn": self.creator(url), **kept}

    def creator(self, url: URL) -> Callable[..., Coroutine[Any, Any, asyncpg.Connection]]:
        """Return what connects to `url` for a pool, whose own arguments it leaves out."""

        async def create(*_arguments: object, **_named: object) -> asyncpg.Connection:
            return await connect(url, **self.arguments)

        return create

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Set on a new connection what cannot be set while it connects."""
        if self._own_limit:
            await limit_transactions(connection, self._own_limit)

    @property
    def _own_limit(self) -> float | None:
        return self.limit if self.pooler == "none" else None


async def answers(url: URL, connecting: Connecting, within: float) -> bool:
    """Return whether Postgres answers a new connection within some seconds.

    An error is an answer too, unless it says that Postgres is starting or the connection broke.
    A pooler answers by itself when a client connects, so this takes a statement.
    """
    try:
        async with Patience(within):
            connection = await connect(url, **connecting.arguments)
            try:
                await connection.execute("SELECT 1")
            finally:
                await connection.close()
    except (OSError, *ERRORS_OF_DRIVER) as error:
        return not refuses(error) and meaning_of(error) is not Meaning.LOST
    return True
