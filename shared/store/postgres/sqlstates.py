"""What an error of Postgres or its driver means, by its SQLSTATE.

The codes and their classes, which are their first two characters, are those of appendix A of the
manual of Postgres. What is not here is a bug of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import asyncpg

from shared.errors import DatabaseReadOnly, DatabaseUnavailable, SchemaBehind, ServiceError


class Meaning(Enum):
    """What an error says of Postgres, and of the statement that met it."""

    # A table or column that this version of the service needs is not there.
    MISSING = auto()
    # The server takes no writes: it is a standby, or its disk is full. Nothing was changed.
    READ_ONLY = auto()
    # Another transaction was in the way. Nothing was changed, and the statement may be sent again.
    ABORTED = auto()
    # The connection broke before the answer. Whether the statement took effect is unknown.
    LOST = auto()
    # Postgres cannot be reached or used now. Nothing was changed.
    AWAY = auto()


# A connection is refused because the server is starting or shutting down.
_STARTING = "57P03"
# A code goes before its class.
_MEANINGS = {
    "08": Meaning.LOST,  # connection exception
    "25006": Meaning.READ_ONLY,  # read-only transaction
    "25P03": Meaning.AWAY,  # idle in transaction for too long
    "25P04": Meaning.AWAY,  # transaction too long
    "28": Meaning.AWAY,  # no right to connect
    "3D": Meaning.AWAY,  # no such database
    "40": Meaning.ABORTED,  # serialization failure, deadlock
    "42703": Meaning.MISSING,  # undefined column
    "42P01": Meaning.MISSING,  # undefined table
    "53": Meaning.AWAY,  # no memory or connections left
    "53100": Meaning.READ_ONLY,  # disk full
    "55P03": Meaning.ABORTED,  # lock not available
    "57": Meaning.AWAY,  # operator intervention, statement too long
    "57P01": Meaning.LOST,  # server shuts down
    "57P02": Meaning.LOST,  # server crashed
    "57P05": Meaning.LOST,  # connection was idle for too long
    "58": Meaning.AWAY,  # error of the server's system, such as its disk
}
# The driver has no class for these of its errors, which are those of a connection that broke or
# that is being closed. Its others of this kind are for wrong arguments.
_LOST_WORDS = ("connection is closed", "has been released", "pool is closing", "pool is closed")
# What the driver raises, beside OSErrors.
ERRORS_OF_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_NO_ANSWERS = (Meaning.LOST, Meaning.AWAY)


# How often a statement is sent in all if other transactions are in its way.
TRIES = 3
# What a write meets on a server that takes none: a standby, a full disk, a broken disk.
_REFUSED_WRITES = ("25006", "53100", "58030")


def meaning_of(error: BaseException | None) -> Meaning | None:
    """Return what an error of the driver means; None if it is a bug, or no error of the driver."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return _MEANINGS.get(code) or _MEANINGS.get(code[:2])
    # The URL names several hosts, and none of those that answer takes writes.
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return Meaning.READ_ONLY
    if isinstance(error, ConnectionError) or _is_lost(error):
        return Meaning.LOST
    # The driver raises the former if the URL names a file that is not there, such as a certificate.
    if isinstance(error, asyncpg.ClientConfigurationError | OSError):
        return Meaning.AWAY
    return None


def _is_lost(error: BaseException | None) -> bool:
    """Return whether the driver could not go on with a connection, whose state it had lost."""
    if isinstance(error, asyncpg.InterfaceError):
        return any(words in str(error) for words in _LOST_WORDS)
    return isinstance(error, asyncpg.InternalClientError)


def as_service_error(meaning: Meaning) -> ServiceError:
    """Return our error for what an error of the driver means."""
    if meaning is Meaning.MISSING:
        return SchemaBehind()
    return DatabaseReadOnly() if meaning is Meaning.READ_ONLY else DatabaseUnavailable()


def is_of_standby(error: BaseException | None) -> bool:
    """Return whether an error says that the server takes no writes since another one does."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == "25006"


def refuses_writes(error: BaseException | None) -> bool:
    """Return whether an error that a write met says that other writes would meet it too."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _REFUSED_WRITES


def pooler_is_full(error: BaseException | None) -> bool:
    """Return whether PgBouncer had no connection to Postgres in time.

    Its error has no code of its own, so the text decides.
    """
    return isinstance(error, asyncpg.PostgresConnectionError) and "query_wait_timeout" in str(error)


def refuses(error: BaseException) -> bool:
    """Return whether an error of connecting says that Postgres is not there, or just starting."""
    if isinstance(error, asyncpg.PostgresError):
        return bool(error.sqlstate == _STARTING)
    return isinstance(error, OSError)


def is_answer(error: BaseException | None) -> bool:
    """Return whether an error is Postgres' answer to a statement that it dealt with."""
    return isinstance(error, asyncpg.PostgresError) and meaning_of(error) not in _NO_ANSWERS


@contextmanager
def translated() -> Iterator[None]:
    """Raise our error in place of what the driver raises in the block, unless that is a bug."""
    try:
        yield
    except Exception as error:
        if meaning := meaning_of(error):
            raise as_service_error(meaning) from error
        raise


def may_repeat(meaning: Meaning | None, tries: int, *, once: bool) -> bool:
    """Return whether to send a statement again that was sent `tries` times.

    `once` says that it must not be if it may have taken effect.
    """
    if meaning is Meaning.ABORTED:
        return tries < TRIES
    if meaning is Meaning.READ_ONLY:
        return tries == 1
    return meaning is Meaning.LOST and tries == 1 and not once
