"""A synchronous, read-only connection to Postgres, for tools that cannot use asyncio."""

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from shared.settings import Settings
from shared.store.postgres.settings.database_url import sync_url

_CONNECT_SECONDS = 2
_STATEMENT_MS = 10_000


def read_only_engine(settings: Settings, *, process: str) -> Engine:
    """Return an engine whose transactions are read-only unless SQL explicitly asks otherwise.

    A statement may take ten seconds. No connection is kept open, so a forked process shares none.
    Postgres shows the name `process` in `pg_stat_activity`. Raises ImportError if psycopg, which
    comes with the `dev` extra, is not installed.
    """
    engine = create_engine(
        sync_url(settings.database_url.get_secret_value()),
        poolclass=NullPool,
        connect_args={
            "application_name": process,
            "connect_timeout": _CONNECT_SECONDS,
            # A pooler would give the next statement another session, which does not know it.
            "prepare_threshold": None,
        },
    )

    @event.listens_for(engine, "begin")
    def limit(connection: Connection) -> None:
        # For the transaction alone, since a pooler gives the session to others afterwards.
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_STATEMENT_MS}")

    return engine
