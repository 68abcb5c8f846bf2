"""A URL that names several hosts leads to the one that takes writes, whatever the others do."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from shared.errors import DatabaseReadOnly, DatabaseUnavailable
from shared.local.processes import free_port
from shared.store.postgres.connecting import Connecting, answers
from shared.store.postgres.database import Database
from shared.store.postgres.settings.database_url import async_url, check_database_url, hosts_of
from shared.store.postgres.statements import Statement
from tests.support.postgres.faults import read_only

_PORT = Statement("test.port", "select", "SELECT current_setting('port')::int AS port")


@contextmanager
def _silent() -> Iterator[int]:
    """A port of a machine that hangs: connections are accepted, and nothing ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _beside(url: str, *ports: int) -> str:
    """The URL with other hosts before its own."""
    parts = urlsplit(url)
    at, _, host = parts.netloc.rpartition("@")
    others = "".join(f"127.0.0.1:{port}," for port in ports)
    return parts._replace(netloc=f"{at}@{others}{host}").geturl()


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = Database(url, process="hosts", pool_size=1, transaction_limit=3)
    try:
        yield database
    finally:
        await database.close()


async def test_a_host_that_refuses_and_one_that_hangs_delay_nobody(database_url: str) -> None:
    """Single statements and transactions both reach the server that is there."""
    port = urlsplit(database_url).port
    with _silent() as silent:
        async with _database(_beside(database_url, free_port(), silent)) as database:
            (row,) = await database.fetch(_PORT)
            async with database.transaction() as session:
                by_transaction = await session.scalar(text(_PORT.sql))

    assert (row["port"], by_transaction) == (port, port)


async def test_hosts_of_which_none_takes_writes_are_read_only(database_url: str) -> None:
    """The error is the one that a single server raises that takes no writes."""
    async with read_only(database_url), _database(_beside(database_url, free_port())) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(_PORT)
    twice = _beside(database_url, int(urlsplit(database_url).port or 0))
    async with read_only(database_url), _database(twice) as database:
        with pytest.raises(DatabaseReadOnly):
            await database.fetch(_PORT)


async def test_hosts_of_which_none_takes_writes_answer_a_probe(database_url: str) -> None:
    """A read-only server is one that is there, be it alone or among others."""
    twice = async_url(_beside(database_url, int(urlsplit(database_url).port or 0)))
    connecting = Connecting(process="hosts", pooler="none", limit=None)
    async with read_only(database_url):
        assert await answers(twice, connecting, 5)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%2Cw@first:5431,second/name?sslmode=require",
        "postgresql://u:p,w@/name?host=first:5431&host=second:5432&sslmode=require",
    ],
)
def test_both_spellings_of_several_hosts_are_read(url: str) -> None:
    """Each host keeps the user, the password and the other parameters; a missing port is 5432."""
    read = hosts_of(async_url(check_database_url(url)))

    assert [(each.query["host"], each.query["port"]) for each in read] == [
        ("first", "5431"),
        ("second", "5432"),
    ]
    assert {(each.username, each.password, each.database) for each in read} == {
        ("u", "p,w", "name")
    }
    assert {(each.query["ssl"], each.query["target_session_attrs"]) for each in read} == {
        ("require", "read-write")
    }
