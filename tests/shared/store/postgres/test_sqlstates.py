"""What the driver raises for a connection that broke is no bug, whatever class it has."""

import asyncpg
import pytest

from shared.errors import DatabaseUnavailable
from shared.store.postgres.database import Database
from shared.store.postgres.sqlstates import Meaning, meaning_of

LOST = (
    asyncpg.InternalClientError("PoolConnectionHolder.release() called on a free holder"),
    asyncpg.InterfaceError("cannot perform operation: connection is closed"),
    asyncpg.InterfaceError(
        "cannot call Connection.fetch(): connection has been released back to the pool"
    ),
    asyncpg.InterfaceError("pool is closing"),
)


@pytest.mark.parametrize("error", LOST, ids=str)
async def test_an_error_of_the_driver_about_its_connection_means_a_lost_one(
    error: Exception, database: Database
) -> None:
    """In a transaction it is an outage, not an error 500."""
    assert meaning_of(error) is Meaning.LOST

    with pytest.raises(DatabaseUnavailable):
        async with database.transaction():
            raise error


def test_a_wrong_argument_is_still_a_bug() -> None:
    """The driver raises the same class for both."""
    assert meaning_of(asyncpg.InterfaceError("the server expects 1 argument")) is None
