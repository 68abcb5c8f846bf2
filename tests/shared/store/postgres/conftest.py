"""A database whose role has few rights, and PgBouncer before it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from shared.local import stack
from shared.local.checkout import ROOT
from tests.support.postgres.pgbouncer import pgbouncer

# The role may take a second for a transaction.
POOLED = {"DATABASE_POOLER": "transaction", "LEASE": "1", "DATABASE_PATIENCE": "0.5"}


@pytest.fixture(scope="module")
def owned(servers: stack.Servers) -> Iterator[str]:
    """The URL of an empty database, for the role that owns it."""
    name = f"owned_{uuid4().hex[:8]}"
    url = urlsplit(servers.database_url)
    netloc = f"{name}:secret@{url.hostname}:{url.port}"
    made = (f"CREATE ROLE {name} LOGIN PASSWORD 'secret'", f"CREATE DATABASE {name} OWNER {name}")
    asyncio.run(run_each(servers.database_url, *made))
    yield url._replace(netloc=netloc, path=f"/{name}").geturl()
    gone = (f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}")
    asyncio.run(run_each(servers.database_url, *gone))


@pytest.fixture(scope="module")
def pooled(owned: str, folder: Path) -> Iterator[str]:
    """The URL of the same database through PgBouncer, migrated and with limits for the role."""
    with pgbouncer(owned, folder / f"pgbouncer-{uuid4().hex[:8]}") as url:
        done = migrate(url, POOLED)
        assert done.returncode == 0, done.stderr
        yield url


def migrate(url: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `bin/migrate` without its set-up."""
    return subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT, env={**os.environ, **env, "DATABASE_URL": url},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


async def run_each(url: str, *statements: str) -> None:
    """Run each statement by itself."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
