"""The tables that the migrations make are the ones that the code maps."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.store.database import async_url
from shared.store.models import Base

CHECKS = text(
    """SELECT conname FROM pg_constraint
       WHERE contype = 'c' AND connamespace = 'public'::regnamespace"""
)


async def test_models_are_what_the_migrations_made(migrated: str) -> None:
    """Alembic finds nothing to migrate. It does not compare CHECK constraints: their names are."""
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


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))
