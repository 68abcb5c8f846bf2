"""Every migration leaves a schema on which the code from before it runs on."""

import tomllib
from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.store.models import Base
from shared.store.postgres.settings.database_url import async_url
from shared.store.schema import known_revisions
from tests.upgrade.schema_changes import Schema, refused_changes, statements_of

_ACCEPTED = tomllib.loads(Path(__file__).with_name("accepted.toml").read_text())["accepted"]
_TABLE = """
CREATE TABLE things (
    id int PRIMARY KEY, name varchar(20), size int NOT NULL DEFAULT 1,
    kind text NOT NULL, code text CONSTRAINT short CHECK (length(code) < 5)
)
"""

# Changes that code from before does not survive, or that keep it waiting, and what is said of them.
_REFUSED = {
    "DROP TABLE things": ["table things is gone"],
    "ALTER TABLE things RENAME TO others": ["table things is gone"],
    "ALTER TABLE things DROP COLUMN name": ["column things.name is gone"],
    "ALTER TABLE things RENAME name TO title": ["column things.name is gone"],
    "ALTER TABLE things ADD weight int NOT NULL": ["column things.weight is new"],
    "ALTER TABLE things ALTER name SET NOT NULL": ["column things.name was"],
    "ALTER TABLE things ALTER name TYPE varchar(10)": ["column things.name was"],
    "ALTER TABLE things ALTER size TYPE bigint": ["table things is written anew"],
    "ALTER TABLE things ALTER size DROP DEFAULT": ["column things.size was"],
    "ALTER TABLE things ADD at timestamptz DEFAULT clock_timestamp()": ["is written anew"],
    "ALTER TABLE things ADD CONSTRAINT positive CHECK (size > 0)": [
        "constraint positive is new",
        "a constraint is checked without NOT VALID",
    ],
    "ALTER TABLE things DROP CONSTRAINT things_pkey": ["unique index things_pkey is gone"],
    "CREATE UNIQUE INDEX uq ON things (name)": ["unique index uq is new"],
    "CREATE INDEX ix ON things (name)": ["an index is built without CONCURRENTLY"],
}
# Changes that it does not notice.
_HARMLESS = [
    "ALTER TABLE things ADD weight int",
    "ALTER TABLE things ADD weight int NOT NULL DEFAULT 0",
    "ALTER TABLE things ALTER kind DROP NOT NULL",
    "ALTER TABLE things ALTER kind SET DEFAULT 'any'",
    "ALTER TABLE things DROP CONSTRAINT short",
    "CREATE TABLE others (id int PRIMARY KEY, at text NOT NULL); CREATE INDEX ix ON others (at)",
]


@pytest.fixture
async def empty(behind: str) -> AsyncIterator[AsyncConnection]:
    """A connection to a database without tables."""
    engine = create_async_engine(async_url(behind))
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def test_code_from_before_each_migration_survives_it(empty: AsyncConnection) -> None:
    """Whatever it may not survive is in accepted.toml with a reason, and nothing else is there."""
    refused = await empty.run_sync(_refused_by_revision)

    accepted = [(entry["revision"], entry["change"]) for entry in _ACCEPTED]
    unexplained = [
        (revision, change)
        for revision, change in refused
        if not any(_matches(entry, revision, change) for entry in accepted)
    ]
    unneeded = [
        entry for entry in accepted if not any(_matches(entry, *change) for change in refused)
    ]
    assert (unexplained, unneeded) == ([], [])
    assert all(entry["why"] for entry in _ACCEPTED)


async def test_what_code_from_before_does_not_survive_is_refused(empty: AsyncConnection) -> None:
    """Each would break an insert or a query of that code, or keep it waiting."""
    found = {change: await _refused_in(empty, change) for change in _REFUSED}

    unseen = [
        (change, words)
        for change, says in _REFUSED.items()
        for words in says
        if not any(words in line for line in found[change])
    ]
    assert unseen == []


async def test_what_expands_a_schema_passes(empty: AsyncConnection) -> None:
    """Code from before inserts and finds what it did."""
    refused = [line for change in _HARMLESS for line in await _refused_in(empty, change)]

    assert refused == []


async def _refused_in(connection: AsyncConnection, change: str) -> list[str]:
    """Return what is refused of a change of a small schema, which is taken back."""
    refused = await connection.run_sync(_refused_of, change)
    await connection.rollback()
    return refused


def _refused_of(connection: Connection, change: str) -> list[str]:
    connection.execute(text(_TABLE))
    before = Schema.of(connection)
    with statements_of(connection) as run:
        for part in change.split(";"):
            connection.execute(text(part))
    return list(refused_changes(before, Schema.of(connection), run))


def _refused_by_revision(connection: Connection) -> list[tuple[str, str]]:
    """Run every migration, oldest first; return each refused change with its revision."""
    refused = []
    before = Schema.of(connection)
    for revision in reversed(known_revisions()):
        with statements_of(connection) as run:
            _upgrade(connection, revision)
        after = Schema.of(connection)
        refused += [(revision, change) for change in refused_changes(before, after, run)]
        before = after
        connection.commit()
    return refused


def _upgrade(connection: Connection, revision: str) -> None:
    scripts = ScriptDirectory(str(files("shared.store.migrations")))

    def steps(current: Any, _context: object) -> Any:
        return scripts._upgrade_revs(revision, current)

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=revision) as environment:
        environment.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
        )
        with environment.begin_transaction():
            environment.run_migrations()


def _matches(entry: tuple[str, str], revision: str, change: str) -> bool:
    return entry[0] == revision and fnmatchcase(change, entry[1])
