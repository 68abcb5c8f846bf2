"""Checks that the database has every migration that this version needs, and applies those that it
lacks."""

from functools import cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from shared.errors import SchemaBehind
from shared.store.postgres.database import Database


@cache
def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this version knows, newest first."""
    scripts = ScriptDirectory(str(files("shared.store.migrations"))).walk_revisions()
    return tuple(script.revision for script in scripts)


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


def upgrade() -> None:
    """Apply every migration that the database at DATABASE_URL lacks.

    Ends the process with a line on stderr if DATABASE_URL is wrong or Postgres does not answer.
    """
    config = Config()
    # A percent sign in a value begins a reference to another option.
    folder = str(files("shared.store.migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    command.upgrade(config, "head")
