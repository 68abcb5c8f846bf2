"""What is measured: servers that keep what they commit, and a front and workers on them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
from pydantic import SecretStr

from shared.local import stack
from shared.local.postgres import embedded_postgres
from shared.local.processes import free_port
from shared.local.valkey import embedded_valkey
from shared.settings import Settings
from tests.bench.wires import Wires, counted_wires

# As many jobs at once as arq and SAQ run by default.
SLOTS = 10
TENANT = "bench"
# Features that do nothing, so that only the way of a job is measured.
NO_OP = "tests.bench.features:load"
# No measurement is about the limits of a queue.
_NO_REFUSALS = {
    "ITEMS_QUEUE_LIMIT": "1000000",
    "ITEMS_AGE_LIMIT": "3600",
    "RECEIPTS_QUEUE_LIMIT": "1000000",
    "RECEIPTS_AGE_LIMIT": "3600",
}


@dataclass(frozen=True)
class System:
    """A front and workers, each a process, on a database and a namespace of their own.

    `wires` counts what the front and the workers send to the servers, if that is asked for.
    """

    env: dict[str, str]
    folder: Path
    processes: ExitStack
    wires: dict[str, Wires]
    url: str = ""
    front: stack.Popen | None = None
    workers: list[stack.Popen] = field(default_factory=list)

    def start_worker(self, **env: str) -> stack.Popen:
        """Start a worker. It takes its first job when it is ready."""
        wires = self.wires.get("worker")
        worker_env = {**self.env, **(wires.env if wires else {}), **env}
        log = self.folder / f"worker-{uuid4().hex[:6]}.log"
        worker = self.processes.enter_context(stack.worker(worker_env, log))
        self.workers.append(worker)
        return worker

    def settings(self) -> Settings:
        """Return settings for what uses the servers of the system inside this process."""
        return Settings(
            database_url=SecretStr(self.env["DATABASE_URL"]),
            redis_url=SecretStr(self.env["REDIS_URL"]),
            queue_namespace=self.env["QUEUE_NAMESPACE"],
        )

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection to the database, past what counts."""
        connection = await asyncpg.connect(self.env["DATABASE_URL"])
        try:
            yield connection
        finally:
            await connection.close()


@dataclass(frozen=True)
class Bench:
    """What every measurement gets.

    `rounds` is how often it measures. `size` is the fraction of the usual number of jobs and of
    seconds. `note` shows people what is being done. `template` names a migrated database.
    """

    servers: stack.Servers
    folder: Path
    template: str
    rounds: int = 3
    size: float = 1.0
    note: Callable[[str], None] = lambda _text: None

    def count(self, usual: int, least: int = 2) -> int:
        """Return how many to take where `usual` are taken at full size."""
        return max(least, round(usual * self.size))

    def seconds(self, usual: float, least: float = 0.2) -> float:
        """Return for how long to measure where it takes `usual` seconds at full size."""
        return max(least, usual * self.size)

    @asynccontextmanager
    async def system(
        self,
        env: Mapping[str, str] | None = None,
        *,
        workers: int = 1,
        front: bool = True,
        counted: bool = False,
    ) -> AsyncIterator[System]:
        """Run a front and workers on a new database during the block.

        Workers serve items with features that do nothing, unless `env` says otherwise.
        """
        async with AsyncExitStack() as everything:
            url = await everything.enter_async_context(_database(self.servers, self.template))
            settings = {
                "DATABASE_URL": url,
                "REDIS_URL": self.servers.redis_url,
                "QUEUE_NAMESPACE": f"bench-{uuid4().hex[:6]}",
                "FEATURE_LOADER": NO_OP,
                "WORKER_QUEUES": "items",
                "ITEM_SLOTS": str(SLOTS),
                "WORKER_PORT": "0",
                "DRAIN_DELAY": "0",
                "SHUTDOWN_GRACE": "0",
                **_NO_REFUSALS,
                **(env or {}),
            }
            wires = {}
            for part in ("front", "worker") if counted else ():
                wires[part] = await everything.enter_async_context(
                    counted_wires(url, self.servers.redis_url)
                )
            processes = everything.enter_context(ExitStack())
            running = System(settings, self.folder, processes, wires)
            if front:
                running = await asyncio.to_thread(_with_front, running)
            for _ in range(workers):
                running.start_worker()
            try:
                yield running
            finally:
                # The counters serve the processes in this event loop until they have ended.
                await asyncio.to_thread(processes.close)


def _with_front(system: System) -> System:
    """Start a front. Only workers load the features, or the front would import them too."""
    wires, port = system.wires.get("front"), free_port()
    env = {**system.env, **(wires.env if wires else {}), "FEATURE_LOADER": ""}
    process = system.processes.enter_context(stack.front(env, port, system.folder / "front.log"))
    return System(
        system.env,
        system.folder,
        system.processes,
        system.wires,
        f"http://127.0.0.1:{port}",
        process,
    )


@contextmanager
def durable_servers() -> Iterator[tuple[stack.Servers, Path]]:
    """Run servers that keep what they commit, in a folder that is removed afterwards."""
    with stack.throwaway_folder() as folder:
        data = ""
        try:
            with (
                embedded_postgres(folder / "postgres", durable=True) as database_url,
                embedded_valkey(folder / "valkey") as redis_url,
            ):
                data = asyncio.run(execute(database_url, "SHOW data_directory"))
                yield stack.Servers(database_url, redis_url), folder
        finally:
            if data:
                shutil.rmtree(Path(data).parent, ignore_errors=True)


@contextmanager
def template_database(servers: stack.Servers) -> Iterator[str]:
    """Make a migrated database for the block, which others are copied from; yield its name."""
    name = f"bench_{uuid4().hex[:12]}"
    asyncio.run(execute(servers.database_url, f"CREATE DATABASE {name}"))
    try:
        stack.migrate(url_of(servers, name))
        yield name
    finally:
        asyncio.run(execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def _database(servers: stack.Servers, template: str) -> AsyncIterator[str]:
    name = f"bench_{uuid4().hex[:12]}"
    await execute(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield url_of(servers, name)
    finally:
        await execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def url_of(servers: stack.Servers, name: str) -> str:
    """Return the URL of another database on the same server."""
    return str(httpx.URL(servers.database_url).copy_with(path=f"/{name}"))


async def execute(url: str, statement: str) -> str:
    """Execute one statement on a connection of its own; return its first value, or ''."""
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(statement) or "")
    finally:
        await connection.close()


def cpu_seconds(process: stack.Popen) -> float:
    """Return the CPU seconds that a process and its living children have taken."""
    parent = psutil.Process(process.pid)
    times = [member.cpu_times() for member in [parent, *parent.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))
