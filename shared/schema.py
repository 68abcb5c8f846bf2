"""Whether the database has every migration that this version needs."""

from functools import cache
from importlib.resources import files

from alembic.script import ScriptDirectory
from sqlalchemy import text

from shared.database import Database
from shared.errors import SchemaBehind


@cache
def expected_revision() -> str:
    """The newest revision that this version knows."""
    head = ScriptDirectory(str(files("shared.migrations"))).get_current_head()
    if head is None:
        raise RuntimeError("the package holds no migrations")
    return head


async def check_schema(database: Database) -> None:
    """Raise SchemaBehind unless the database is at the expected revision.

    Raises DatabaseUnavailable when Postgres does not answer.
    """
    async with database.transaction() as session:
        current = await session.scalar(text("SELECT version_num FROM alembic_version"))
    if current != expected_revision():
        raise SchemaBehind(
            f"The database schema is at {current}, this version needs {expected_revision()}: "
            "run bin/migrate."
        )
