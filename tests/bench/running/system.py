"""A front and workers, each a process, on servers that run."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
from pydantic import SecretStr

from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import block_until, free_port, running
from shared.settings import Settings
from tests.bench.running.wires import Wires

TENANT = "bench"
# Features that do nothing, so that only the way of a job is measured.
NO_OP = "tests.bench.running.features:load"
_ENV = {
    # Callers have no token but where that is what is measured, whatever the environment says.
    "AUTH": "off",
    "FEATURE_LOADER": NO_OP,
    "WORKER_QUEUES": "items",
    # As many jobs at once as arq and SAQ run by default.
    "ITEM_SLOTS": "10",
    "WORKER_PORT": "0",
    "DRAIN_DELAY": "0",
    "SHUTDOWN_GRACE": "0",
    # No measurement is about the limits of a queue, or about what is refused to spare a database.
    "DATABASE_PATIENCE": "30",
    "ITEMS_QUEUE_LIMIT": "1000000",
    "ITEMS_AGE_LIMIT": "3600",
    "RECEIPTS_QUEUE_LIMIT": "1000000",
    "RECEIPTS_AGE_LIMIT": "3600",
    "TENANT_QUEUE_SHARE": "1",
}


@dataclass
class System:
    """A front and workers on a database and a namespace of their own.

    `wires` counts what the front and the workers send to the servers, if that is asked for.
    `profiles` is a folder for the profiles of all processes.
    """

    env: dict[str, str]
    folder: Path
    wires: Mapping[str, Wires] = field(default_factory=dict)
    profiles: Path | None = None
    processes: ExitStack = field(default_factory=ExitStack)
    url: str = ""
    front: stack.Popen | None = None
    workers: list[stack.Popen] = field(default_factory=list)

    def start_front(self) -> None:
        """Start a front, and wait until it answers."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # Only workers load the features, or the front would import them too.
        env = {"FEATURE_LOADER": "", "HOST": "127.0.0.1", "PORT": str(port)}
        self.front, log = self._start("front", "api", env)
        live = f"{self.url}/health/live"
        block_until(lambda: answers(live), "The front", process=self.front, log=log)

    def start_worker(self, **env: str) -> stack.Popen:
        """Start a worker. It takes its first job when it is ready."""
        worker, _ = self._start("worker", "worker", env)
        self.workers.append(worker)
        return worker

    def _start(self, part: str, module: str, env: Mapping[str, str]) -> tuple[stack.Popen, Path]:
        wires = self.wires.get(part)
        name = f"{part}-{uuid4().hex[:6]}"
        through: list[str] = []
        if self.profiles is not None:
            through = ["-m", "tests.bench.running.profiled", str(self.profiles / name)]
        log = self.folder / f"{name}.log"
        process = self.processes.enter_context(
            running(
                [sys.executable, *through, "-m", module],
                env={**self.env, **(wires.env if wires else {}), **env},
                log=log,
                cwd=ROOT,
            )
        )
        return process, log

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


def environment(database_url: str, redis_url: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of all processes of a system, with a namespace of its own.

    Workers serve items with features that do nothing, unless `env` says otherwise.
    """
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "QUEUE_NAMESPACE": f"bench-{uuid4().hex[:6]}",
        **_ENV,
        **env,
    }


def cpu_seconds(process: stack.Popen) -> float:
    """Return the CPU seconds that a process and its living children have taken."""
    parent = psutil.Process(process.pid)
    times = [member.cpu_times() for member in [parent, *parent.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))


def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
