"""A whole system to break: embedded servers, a front and workers, each a process."""

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
from redis.asyncio import Redis

from shared.local import stack
from shared.local.postgres import embedded_postgres
from shared.local.processes import free_port
from shared.local.valkey import embedded_valkey
from tests.support.postgres.pgbouncer import pgbouncer
from tests.support.waiting import wait_until

_TENANT = "chaos"


@dataclass
class Cluster:
    """Handles of all processes, and a record of which jobs were accepted and when what was killed.

    `killed_at` has the Unix time of each kill by process id.
    """

    folder: Path
    env: dict[str, str]
    rng: random.Random
    running: ExitStack = field(default_factory=ExitStack)
    parts: dict[str, ExitStack] = field(default_factory=dict)
    workers: list[stack.Popen] = field(default_factory=list)
    accepted: list[UUID] = field(default_factory=list)
    refused: int = 0
    killed_at: dict[int, float] = field(default_factory=dict)
    url: str = ""
    # The URL of Postgres itself, also if the processes reach it through a pooler.
    postgres_url: str = ""
    front: stack.Popen | None = None

    def start_worker(self, **env: str) -> stack.Popen:
        """Start another worker, which is ready a second or so later."""
        log = self.folder / "workers.log"
        worker = self.running.enter_context(stack.worker({**self.env, **env}, log))
        self.workers.append(worker)
        return worker

    def kill_worker(self, worker: stack.Popen, number: int = signal.SIGKILL) -> None:
        """Send a signal to a worker, and record when."""
        self.workers.remove(worker)
        self.killed_at[worker.pid] = time.time()
        os.kill(worker.pid, number)

    def stop(self, part: str) -> None:
        """Stop `postgres` or `redis`."""
        self.parts.pop(part).close()

    def start_redis(self, *, empty: bool = False) -> None:
        """Start Redis again at its old URL, with its old data or `empty`."""
        folder = self.folder / f"valkey-{uuid4().hex[:6]}" if empty else self.folder / "valkey"
        was = urlsplit(self.env.get("REDIS_URL", ""))
        url = self._enter(
            "redis", embedded_valkey(folder, port=was.port, password=was.password or None)
        )
        self.env["REDIS_URL"] = url

    def start_postgres(self) -> None:
        """Start Postgres again at its old URL, with its old data."""
        was = urlsplit(self.postgres_url)
        self.postgres_url = self._enter(
            "postgres", embedded_postgres(self.folder / "postgres", durable=True, port=was.port)
        )
        self.env.setdefault("DATABASE_URL", self.postgres_url)

    def start_pooler(self) -> None:
        """Start PgBouncer, through which the processes that start later reach Postgres."""
        pooler = pgbouncer(self.postgres_url, self.folder / "pgbouncer")
        self.env["DATABASE_URL"] = self._enter("pooler", pooler)

    def _enter(self, part: str, context: object) -> str:
        self.parts[part] = ExitStack()
        url: str = self.parts[part].enter_context(context)  # type: ignore[arg-type]
        return url

    async def submit(self, what: str, count: int = 1, *, callback: str | None = None) -> list[UUID]:
        """Submit `count` jobs that all differ; return the ids of those that were accepted.

        `callback` is a URL that hears of the end of each.
        """
        async with httpx.AsyncClient(base_url=self.url, timeout=15) as http:
            limit = asyncio.Semaphore(8)

            async def submit_one(number: int) -> UUID | None:
                payload = {"item_name": f"{what} #{number}", "candidate_labels": ["Dairy"]}
                body = {
                    "tenant_id": _TENANT,
                    "feature": "categorization",
                    "payload": payload,
                    "callback": {"url": callback} if callback else None,
                }
                return await self.send(http, body, limit)

            sent = await asyncio.gather(*(submit_one(number) for number in range(count)))
        return [job for job in sent if job]

    async def send(
        self, http: httpx.AsyncClient, body: Mapping[str, object], limit: asyncio.Semaphore
    ) -> UUID | None:
        """Submit one job; return its id, or None if it was refused, which is not a loss."""
        async with limit:
            answer = await http.post("/api/v1/jobs", json=body)
        if answer.status_code != 202:
            self.refused += 1
            return None
        job = UUID(answer.json()["id"])
        self.accepted.append(job)
        return job

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection to Postgres."""
        connection = await asyncpg.connect(self.postgres_url)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """Open a connection to Redis."""
        async with Redis.from_url(self.env["REDIS_URL"]) as redis:
            yield redis

    async def count(self, condition: str) -> int:
        """Count the accepted jobs for which an SQL condition holds."""
        async with self.database() as database:
            query = f"SELECT count(*) FROM jobs WHERE id = ANY($1) AND ({condition})"  # noqa: S608
            return int(await database.fetchval(query, self.accepted))

    async def until(self, condition: str, count: int, within: float = 120) -> None:
        """Wait until an SQL condition holds for at least `count` accepted jobs."""

        async def enough() -> bool:
            return await self.count(condition) >= count

        await wait_until(enough, f"{count} jobs had {condition}", within, pause=0.1)

    async def all_finished(self, within: float = 600) -> None:
        """Wait until every accepted job has ended."""
        finished = "state IN ('succeeded', 'failed', 'cancelled')"
        await self.until(finished, len(self.accepted), within)


@asynccontextmanager
async def cluster(workers: int, seed: int, **settings: str) -> AsyncIterator[Cluster]:
    """Run servers, a front and `workers` workers while the block runs; leave no data behind."""
    with stack.throwaway_folder() as folder:
        env = {
            "QUEUE_NAMESPACE": f"chaos-{uuid4().hex[:6]}",
            "FEATURE_LOADER": "tests.chaos.features:load",
            "WORKER_QUEUES": "items",
            "DRAIN_DELAY": "0",
            "SHUTDOWN_GRACE": "2",
            "WORKER_PORT": "0",
            "LOG_FORMAT": "console",
            **settings,
        }
        system = Cluster(folder, env, random.Random(seed))
        data: str | None = None
        try:
            system.start_postgres()
            async with system.database() as database:
                data = await database.fetchval("SHOW data_directory")
            if env.get("DATABASE_POOLER") == "transaction":
                system.start_pooler()
            system.start_redis()
            stack.migrate(env["DATABASE_URL"], env)
            port = free_port()
            front = stack.front(env, port, folder / "front.log")
            system.front = system.running.enter_context(front)
            system.url = f"http://127.0.0.1:{port}"
            for _ in range(workers):
                system.start_worker()
            yield system
        finally:
            system.running.close()
            for part in list(system.parts):
                system.stop(part)
            if data:
                shutil.rmtree(Path(data).parent, ignore_errors=True)
