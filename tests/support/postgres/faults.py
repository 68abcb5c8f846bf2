"""Makes Postgres err on purpose: by a SQLSTATE of choice, or by taking no writes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

# Sequences are not rolled back, so this one counts the statements that failed too.
_FAILING = """
CREATE SEQUENCE IF NOT EXISTS faults;
CREATE OR REPLACE FUNCTION fail_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    codes text[] := string_to_array('{codes}', ',');
    turn bigint := nextval('faults');
BEGIN
    RAISE EXCEPTION 'a fault of the test'
    USING ERRCODE = codes[1 + (turn - 1) % array_length(codes, 1)];
END $$;
CREATE TRIGGER fail_in_turn BEFORE {event} ON jobs FOR EACH ROW {condition}
EXECUTE FUNCTION fail_in_turn();
"""
_WHOLE = """
DROP TRIGGER fail_in_turn ON jobs; DROP FUNCTION fail_in_turn; DROP SEQUENCE faults
"""


@asynccontextmanager
async def failing_in_turn(
    url: str, codes: Sequence[str], *, event: str, condition: str = ""
) -> AsyncIterator[None]:
    """Have changes of a job's row fail in the block, each with the next SQLSTATE of a cycle.

    `event` is INSERT or UPDATE, and `condition` may be a `WHEN (…)` in SQL. The sequence `faults`
    counts the failures.
    """
    fault = _FAILING.format(codes=",".join(codes), event=event, condition=condition)
    await run_sql(url, fault)
    try:
        yield
    finally:
        await run_sql(url, _WHOLE)


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """Have the database take no writes in the block, as if a standby had taken its place.

    Every connection is cut when the block begins, and those that are made in it stay read-only
    after its end, as connections to an old primary do after a failover.
    """
    database = urlsplit(url).path.removeprefix("/")
    await run_sql(url, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    await run_sql(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    try:
        yield
    finally:
        await run_sql(url, f"ALTER DATABASE {database} RESET default_transaction_read_only")


async def run_sql(url: str, script: str) -> None:
    """Run SQL on a connection of its own, which may write."""
    async with _connected(url) as connection:
        await connection.execute(script)


async def ask(url: str, query: str, *arguments: object) -> Any:
    """Return the first value that a query yields, on a connection of its own."""
    async with _connected(url) as connection:
        return await connection.fetchval(query, *arguments)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        url, server_settings={"default_transaction_read_only": "off"}
    )
    try:
        yield connection
    finally:
        await connection.close()
