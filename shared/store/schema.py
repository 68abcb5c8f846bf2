"""Checks that Postgres can be used: it has every migration that is needed, and takes writes."""

from functools import cache
from importlib.resources import files

from sqlalchemy import insert, text

from shared.contracts.features import Feature
from shared.errors import DatabaseReadOnly, SchemaBehind
from shared.store.models import Job
from shared.store.postgres.database import Database

_STATE = text("""
SELECT (SELECT version_num FROM alembic_version), current_setting('transaction_read_only') = 'on'
""")
_PROBE = {
    "tenant_id": "probe",
    "feature": Feature.CATEGORIZATION,
    "queue": Feature.CATEGORIZATION.queue,
    "payload": {},
    "trace_carrier": {},
    "request_hash": "",
}


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this version knows, newest first.

    The names of their files begin with them. Asking Alembic would cost each start of a process a
    tenth of a second for loading it.
    """
    names = (file.name for file in files("shared.store.migrations.versions").iterdir())
    numbers = {name.partition("_")[0] for name in names if name[0].isdigit()}
    return tuple(sorted(numbers, reverse=True))


async def check_usable(database: Database) -> None:
    """Raise an error unless Postgres can be used.

    It is SchemaBehind if the database lacks a revision that this version knows. A schema that is
    ahead is fine: a deployment migrates it before the last old process ends. It is DatabaseReadOnly
    if Postgres says that it takes no writes, or if it refused the last write of this process and
    refuses one that is tried now. It is DatabaseUnavailable if Postgres does not answer.
    """
    try:
        await _check(database)
    except DatabaseReadOnly:
        # That may have been a connection to a server whose place another one has taken.
        await _check(database)


async def _check(database: Database) -> None:
    async with database.transaction() as session:
        current, read_only = (await session.execute(_STATE)).one()
    newest, *older = known_revisions()
    if current is None or current in older:
        raise SchemaBehind(
            f"The database schema is at {current}, this version needs {newest}: "
            "run bin/migrate, or grocery-ai migrate outside a checkout."
        )
    if read_only:
        database.writes.note_read_only()
        raise DatabaseReadOnly
    if database.writes.refused:
        await _try_write(database)


async def _try_write(database: Database) -> None:
    """Insert a job as an acceptance does, and roll back; raise what an acceptance would raise.

    What Postgres says of itself is not enough: its disk may be full. A cheaper write would need
    neither the table nor its indexes to grow, and might succeed where no job can be accepted.
    """
    async with database.transaction() as session:
        await session.execute(insert(Job).values(_PROBE))
        await session.rollback()
    database.writes.note_taken()
