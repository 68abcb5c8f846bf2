"""A synchronous, read-only connection to Postgres, for tools that cannot use asyncio."""

from sqlalchemy import Engine, NullPool, create_engine

from shared.settings import Settings
from shared.store.postgres.database_url import sync_url

_CONNECT_SECONDS = 2
_STATEMENT_MS = 10_000


def read_only_engine(settings: Settings, *, process: str) -> Engine:
    """Return an engine whose transactions are read-only unless SQL explicitly asks otherwise.

    A statement may take ten seconds. No connection is kept open, so a forked process shares none.
    Postgres shows the name `process` in `pg_stat_activity`. Raises ImportError if psycopg, which
    comes with the `dev` extra, is not installed.
    """
    options = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MS}"
    return create_engine(
        sync_url(settings.database_url.get_secret_value()),
        poolclass=NullPool,
        connect_args={
            "options": options,
            "application_name": process,
            "connect_timeout": _CONNECT_SECONDS,
        },
    )
