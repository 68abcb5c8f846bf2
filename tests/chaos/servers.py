"""The servers of a system to break: Postgres and Redis, each a process that can be harmed."""

import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psutil
from redis.asyncio import Redis

from shared.local.postgres import embedded_postgres
from shared.local.valkey import embedded_valkey
from tests.support.postgres.pgbouncer import pgbouncer

T = TypeVar("T")
# Bytes: room for an empty database and its journal, and for little more.
_DISK = 200_000_000


@dataclass
class Servers:
    """Handles of the servers, and a record of when one of them was away.

    `outages` has the Unix times at which each outage began and ended.
    """

    folder: Path
    env: dict[str, str]
    parts: dict[str, ExitStack] = field(default_factory=dict)
    outages: list[tuple[float, float]] = field(default_factory=list)
    # The URL of Postgres itself, also if the processes reach it through a pooler or a proxy.
    postgres_url: str = ""

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Record that Postgres is away, or takes no writes, during the block."""
        began = time.time()
        try:
            yield
        finally:
            self.outages.append((began, time.time()))

    def stop(self, part: str) -> None:
        """Stop `postgres` or `redis` in order."""
        self.parts.pop(part).close()

    def kill(self, part: str) -> None:
        """Kill every process of `postgres` or `redis` at once, as a machine does that dies."""
        for process in self._processes(part):
            process.kill()
        self.stop(part)

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """Stop every process of `postgres` or `redis` during the block, as a hung machine does.

        The system still accepts connections for them, and nothing ever answers.
        """
        processes = self.hang(part)
        try:
            yield
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)

    def hang(self, part: str) -> list[psutil.Process]:
        """Stop every process of `postgres` or `redis`, and return them; the parent is the first."""
        processes = self._processes(part)
        # The parent first, so that it starts no others.
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        return processes

    def _processes(self, part: str) -> list[psutil.Process]:
        """Return the process that listens for `postgres` or `redis`, and those it has started."""
        url = self.postgres_url if part == "postgres" else self.env["REDIS_URL"]
        port = urlsplit(url).port
        (parent,) = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr[1] == port
        }
        process = psutil.Process(parent)
        return [process, *process.children(recursive=True)]

    def start_redis(self, *, empty: bool = False) -> None:
        """Start Redis again at its old URL, with its old data or `empty`."""
        folder = self.folder / f"valkey-{uuid4().hex[:6]}" if empty else self.folder / "valkey"
        was = urlsplit(self.env.get("REDIS_URL", ""))
        server = embedded_valkey(folder, port=was.port, password=was.password or None)
        self.env["REDIS_URL"] = self.enter("redis", server)

    def start_postgres(self) -> None:
        """Start Postgres again at its old URL, with its old data."""
        was = urlsplit(self.postgres_url)
        server = embedded_postgres(self.folder / "postgres", durable=True, port=was.port)
        self.postgres_url = self.enter("postgres", server)
        self.env.setdefault("DATABASE_URL", self.postgres_url)

    def start_pooler(self) -> None:
        """Start PgBouncer, through which the processes that start later reach Postgres."""
        pooler = pgbouncer(self.postgres_url, self.folder / "pgbouncer")
        self.env["DATABASE_URL"] = self.enter("pooler", pooler)

    def make_small_disk(self) -> None:
        """Put the data of Postgres on a disk of its own that is soon full. Only root may do so."""
        disk = self.folder / "postgres"
        disk.mkdir(mode=0o755)
        self.enter("disk", _mounted(disk))

    def enter(self, part: str, context: AbstractContextManager[T]) -> T:
        """Begin a block that lasts until `part` is stopped; return what it yields."""
        self.parts[part] = ExitStack()
        return self.parts[part].enter_context(context)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection to Postgres."""
        connection = await asyncpg.connect(self.postgres_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def administer(self, *statements: str) -> None:
        """Run statements one by one in Postgres, also while it is set to take no writes."""
        async with self.database() as database:
            await database.execute("SET default_transaction_read_only = off")
            for statement in statements:
                await database.execute(statement)

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """Open a connection to Redis."""
        async with Redis.from_url(self.env["REDIS_URL"]) as redis:
            yield redis

    def stop_all(self) -> None:
        """Stop every server that runs; the last that was started first."""
        for part in reversed(list(self.parts)):
            self.stop(part)


@contextmanager
def _mounted(disk: Path) -> Iterator[str]:
    """Mount a small file system in memory during the block; yield its folder."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=0755", "chaos", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield str(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Write a file until the disk is full; return it."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        size = 0
        for step in (1_000_000, 4096):
            # Others write as well, so that nobody knows how much there is room for.
            while shutil.disk_usage(disk).free >= step:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
                size += step
    return ballast
