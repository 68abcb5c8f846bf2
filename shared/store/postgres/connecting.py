"""How processes connect to Postgres, directly or through a pooler."""

from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from shared.store.postgres.database_settings import Pooler
from shared.store.postgres.limits import limit_transactions, limits_at_start

# Seconds that connecting and closing may take.
CONNECT = 10
_CLOSE = 0.2


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that closes within 0.2 s even if the server hangs.

    SQLAlchemy allows two seconds, which is too long while a caller waits.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (its own)
        """Ask the server to close, and disconnect after 0.2 s at the latest."""
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
            "timeout": CONNECT,
            "connection_class": _Connection,
            "server_settings": {"application_name": self.process, **limits},
            **({} if self.pooler == "none" else {"statement_cache_size": 0}),
        }

    @property
    def engine_arguments(self) -> dict[str, Any]:
        """The same for SQLAlchemy, which prepares statements by itself too."""
        kept = {} if self.pooler == "none" else {"prepared_statement_cache_size": 0}
        return {**self.arguments, **kept}

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Set on a new connection what cannot be set while it connects."""
        if self._own_limit:
            await limit_transactions(connection, self._own_limit)

    def prepare_all(self, engine: Engine) -> None:
        """Prepare every connection that an engine of SQLAlchemy makes from now on."""

        @event.listens_for(engine, "connect")
        def prepare(connection: DBAPIConnection, _: object) -> None:
            driver: Any = connection
            driver.run_async(self.prepare)

    @property
    def _own_limit(self) -> float | None:
        return self.limit if self.pooler == "none" else None
