"""The schema that the migrations make is the one that the models describe."""

from importlib.resources import files

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.store.models import Base
from shared.store.postgres.settings.database_url import async_url
from shared.store.schema import known_revisions

CHECKS = text(
    """SELECT conname FROM pg_constraint
       WHERE contype = 'c' AND connamespace = 'public'::regnamespace"""
)


async def test_migrations_and_models_agree(migrated: str) -> None:
    """Alembic finds no difference. It ignores CHECK constraints, so their names are compared."""
    engine = create_async_engine(async_url(migrated))
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
        checks = set((await connection.execute(CHECKS)).scalars())
    await engine.dispose()

    assert differences == []
    assert checks == {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def test_the_names_of_files_are_the_revisions() -> None:
    """Fronts and workers read them without loading Alembic."""
    scripts = ScriptDirectory(str(files("shared.store.migrations"))).walk_revisions()

    assert known_revisions() == tuple(script.revision for script in scripts)


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))
