"""The errors of the driver that mean that Postgres is away, or its schema older than ours."""

import asyncpg

# A table or column that this version of the service needs is missing.
MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
# What the driver raises if the URL names a file that is not there, such as a root certificate; then
# error classes 08, 28, 3D, 53 and 57 of Postgres, and its errors 25P03 and 25P04: no connection,
# no right to connect, no such database, no resources, server shutting down, transaction too long.
AWAY = (
    asyncpg.ClientConfigurationError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
# The connection broke before the statement was answered. Whether the statement took effect is
# unknown.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleSessionTimeoutError,
    ConnectionError,
)


def pooler_is_full(error: BaseException | None) -> bool:
    """Return whether PgBouncer had no connection to Postgres in time.

    Its error has no code of its own, so the text decides.
    """
    return isinstance(error, asyncpg.PostgresConnectionError) and "query_wait_timeout" in str(error)
