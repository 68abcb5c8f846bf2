"""How long Postgres lets statements and transactions take, and how it gets to know.

Postgres enforces our own limits too, so that a frozen process does not hold its locks. A connection
sets them for itself. Through a pooler it cannot: a session of Postgres serves many clients there,
one transaction each, so the limits have to be those of the role.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Postgres waits this many seconds longer than we do, so that callers get our error and not its own.
_SLACK = 0.5
# A setting of Postgres 17 and newer, which closes the connection of a transaction that is too long.
# The limit on idle transactions is not enough: if a process freezes between two messages of one
# statement, Postgres regards its transaction as active and would hold its locks forever.
_TRANSACTION, _LIMITS_TRANSACTIONS = "transaction_timeout", 17
_NAMES = ("idle_in_transaction_session_timeout", "statement_timeout", _TRANSACTION)

# Lifts the limits until the transaction ends, or for the session.
_LIFT = "SELECT set_config(name, '0', {local}) FROM pg_settings WHERE name = ANY ('{{{names}}}')"
# The changes that the role needs in this database, if any: name and statement.
_CHANGES = text(
    """
    SELECT format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
        session_user, current_database(), wanted.name, wanted.value)
    FROM unnest(CAST(:names AS text[]), CAST(:values AS text[])) AS wanted (name, value)
    JOIN pg_settings USING (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_db_role_setting AS stored
        WHERE stored.setrole = CAST(quote_ident(session_user) AS regrole)
            AND stored.setdatabase = (
                SELECT oid FROM pg_database WHERE datname = current_database()
            )
            AND wanted.name || '=' || wanted.value = ANY (stored.setconfig)
    )
    """
)


def time_limits(seconds: float) -> dict[str, str]:
    """Return the settings of Postgres, in milliseconds, for our own limit of `seconds`."""
    longer = str(round((seconds + _SLACK) * 1000))
    return dict(zip(_NAMES, (str(round(seconds * 1000)), longer, longer), strict=True))


def limits_at_start(seconds: float) -> dict[str, str]:
    """Return those of the settings that every supported Postgres accepts from a new connection."""
    limits = time_limits(seconds)
    del limits[_TRANSACTION]
    return limits


async def limit_transactions(connection: Any, seconds: float) -> None:
    """Have Postgres, from 17 on, end the transactions of a connection of the driver in time."""
    if connection.get_server_version().major >= _LIMITS_TRANSACTIONS:
        await connection.execute(f"SET {_TRANSACTION} = {time_limits(seconds)[_TRANSACTION]}")


def lift_limits(*, local: bool) -> str:
    """Return the statement that lifts the limits for a transaction, or for a whole session."""
    return _LIFT.format(local=local, names=",".join(_NAMES))


async def role_changes(connection: AsyncConnection, seconds: float) -> list[str]:
    """Return the statements that give the role of this connection the limits that it lacks."""
    limits = time_limits(seconds)
    arguments = {"names": list(limits), "values": list(limits.values())}
    return list(await connection.scalars(_CHANGES, arguments))
