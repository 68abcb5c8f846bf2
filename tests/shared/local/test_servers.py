"""Embedded servers: they keep their data, and start after a crash and in any folder."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
import pytest
from redis import Redis

from shared.local.checkout import DATA
from shared.local.postgres import embedded_postgres
from shared.local.processes import LocalError
from shared.local.valkey import embedded_valkey
from tests.support.processes.alive import is_alive
from tests.support.waiting import wait_until


@pytest.fixture
def empty() -> Iterator[Path]:
    """An empty folder under .data/ whose name has spaces, quotes and an umlaut."""
    folder = DATA / f'Oma\'s "tëst" {uuid4().hex[:8]}'
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


async def test_postgres_keeps_its_data_and_asks_for_a_password(empty: Path) -> None:
    """The data survive a restart on another port."""
    for number in (1, 2):
        with embedded_postgres(empty / "pg", durable=True) as url:
            connection = await asyncpg.connect(url)
            await connection.execute("CREATE TABLE IF NOT EXISTS runs (n int)")
            await connection.execute("INSERT INTO runs VALUES ($1)", number)
            assert await connection.fetchval("SELECT count(*) FROM runs") == number
            await connection.close()
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(url, password="wrong")


async def test_a_stale_pid_does_not_block_a_start(empty: Path) -> None:
    """The pid belongs to another process, or to none."""
    with embedded_postgres(empty / "pg", durable=True) as url:
        data = await _data_directory(url)
    for pid in (os.getpid(), 2**22 - 1):
        (data / "postmaster.pid").write_text(f"{pid}\n{data}\n")
        with embedded_postgres(empty / "pg", durable=True) as url:
            assert await _data_directory(url) == data


def test_valkey_keeps_its_data_and_evicts_nothing(empty: Path) -> None:
    """A Redis in production should be configured in the same way."""
    with embedded_valkey(empty / "valkey") as url, Redis.from_url(url) as redis:
        redis.set("key", "value")
        assert redis.config_get("appendonly") == {"appendonly": "yes"}
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with embedded_valkey(empty / "valkey") as url, Redis.from_url(url) as redis:
        assert redis.get("key") == b"value"


def test_data_of_another_postgres_are_left_alone(empty: Path) -> None:
    """The error names both versions and the folder, and comes before a server starts."""
    data = empty / "pg/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    with (
        pytest.raises(LocalError, match=r"made by Postgres 12, and the embedded one is \d+: move"),
        embedded_postgres(empty / "pg", durable=True),
    ):
        pytest.fail("it started")
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


RUN_AND_HANG = """
import signal, sys
from pathlib import Path
from shared.local.stack import servers
with servers(Path(sys.argv[1]), durable=True) as running:
    print(running.database_url, flush=True)
    signal.pause()
"""


async def test_servers_die_with_whoever_started_them_and_start_again(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter is killed. No server is left, and new ones start in the same folder."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):
        family = _start_and_kill(empty)
        for process in family:
            await wait_until(lambda server=process: not is_alive(server), "a server ended")  # type: ignore[misc]


def _start_and_kill(folder: Path) -> list[psutil.Process]:
    """Start servers from another process, kill it, and return the processes that it had started."""
    command = [sys.executable, "-c", RUN_AND_HANG, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline().startswith(b"postgresql://")
        family = psutil.Process(starter.pid).children(recursive=True)
        assert {"postgres", "valkey-server"} <= {child.name() for child in family}
        starter.send_signal(signal.SIGKILL)
    return family


def test_postgres_starts_in_a_folder_that_only_we_may_enter(empty: Path) -> None:
    """If we are root, the server runs as `nobody`, who may not enter the folder.

    Its data are elsewhere then, and the permissions of the folder do not change.
    """
    closed = empty / "closed"
    closed.mkdir(mode=0o700)
    with embedded_postgres(closed / "pg", durable=False) as url:
        data = asyncio.run(_data_directory(url))

    assert not data.exists()
    assert closed.stat().st_mode & 0o777 == 0o700


async def _data_directory(url: str) -> Path:
    connection = await asyncpg.connect(url)
    try:
        return Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()
