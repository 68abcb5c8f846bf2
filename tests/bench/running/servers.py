"""Servers that keep what they commit, and databases on them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx

from shared.local import stack
from shared.local.postgres import embedded_postgres
from shared.local.valkey import embedded_valkey


@contextmanager
def durable_servers() -> Iterator[tuple[stack.Servers, Path]]:
    """Run servers for the block; yield them and their folder, which is removed afterwards."""
    with stack.throwaway_folder() as folder:
        data = ""
        try:
            with (
                embedded_postgres(folder / "postgres", durable=True) as database_url,
                embedded_valkey(folder / "valkey") as redis_url,
            ):
                data = asyncio.run(_execute(database_url, "SHOW data_directory"))
                yield stack.Servers(database_url, redis_url), folder
        finally:
            if data:
                shutil.rmtree(Path(data).parent, ignore_errors=True)


@contextmanager
def template_database(servers: stack.Servers) -> Iterator[str]:
    """Make a migrated database for the block, which others are copied from; yield its name."""
    name = _name()
    asyncio.run(_execute(servers.database_url, f"CREATE DATABASE {name}"))
    try:
        stack.migrate(_url_of(servers, name))
        yield name
    finally:
        asyncio.run(_execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def copied_database(servers: stack.Servers, template: str) -> AsyncIterator[str]:
    """Copy a database for the block; yield the URL of the copy."""
    name = _name()
    await _execute(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _url_of(servers, name)
    finally:
        await _execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def _name() -> str:
    return f"bench_{uuid4().hex[:12]}"


def _url_of(servers: stack.Servers, name: str) -> str:
    return str(httpx.URL(servers.database_url).copy_with(path=f"/{name}"))


async def _execute(url: str, statement: str) -> str:
    """Execute one statement on a connection of its own; return its first value, or ''."""
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(statement) or "")
    finally:
        await connection.close()
