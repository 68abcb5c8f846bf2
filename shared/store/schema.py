"""Checks that the database has every migration that this version needs."""

from functools import cache
from importlib.resources import files

from sqlalchemy import text

from shared.errors import SchemaBehind
from shared.store.postgres.database import Database


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this version knows, newest first.

    The names of their files begin with them. Asking Alembic would cost each start of a process a
    tenth of a second for loading it.
    """
    names = (file.name for file in files("shared.store.migrations.versions").iterdir())
    numbers = {name.partition("_")[0] for name in names if name[0].isdigit()}
    return tuple(sorted(numbers, reverse=True))


async def check_schema(database: Database) -> None:
    """Raise SchemaBehind if the database lacks a revision that this version knows.

    A schema that is ahead is fine: a deployment migrates it before the last old process ends.
    Raises DatabaseUnavailable if Postgres does not answer.
    """
    async with database.transaction() as session:
        current = await session.scalar(text("SELECT version_num FROM alembic_version"))
    newest, *older = known_revisions()
    if current is None or current in older:
        raise SchemaBehind(
            f"The database schema is at {current}, this version needs {newest}: "
            "run bin/migrate, or grocery-ai migrate outside a checkout."
        )
