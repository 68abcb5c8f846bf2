"""A whole system to break: servers, fronts and workers, each a process, and what was submitted."""

import asyncio
import base64
import os
import random
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from shared.local import stack
from shared.local.checkout import DATA, ROOT
from shared.local.processes import free_port
from tests.chaos.prepared import copy_database
from tests.chaos.servers import Servers
from tests.support.processes.wire import Wire, wired
from tests.support.waiting import wait_until

TENANT = "chaos"
# The header and the first chunk of an image, and how many bytes follow it.
_PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ")
_IMAGE = 100_000
# The logs of the scenario that ran last.
LOGS = DATA / "chaos" / "last"


@dataclass
class Cluster(Servers):
    """Handles of all processes, and a record of which jobs were accepted and when what was killed.

    `killed_at` has the Unix time of each kill by process id, and `gone` the ids of all workers that
    were killed, stopped or frozen: what they ran may run again. `fronts` has the processes by URL.
    `keys` has the job of each key that a caller made. `answers` has the seconds after which callers
    heard something, and `wrong_answers` how often they heard what nobody should.
    """

    rng: random.Random = field(default_factory=random.Random)
    running: ExitStack = field(default_factory=ExitStack)
    workers: list[stack.Popen] = field(default_factory=list)
    fronts: dict[str, stack.Popen] = field(default_factory=dict)
    accepted: list[UUID] = field(default_factory=list)
    keys: dict[str, UUID] = field(default_factory=dict)
    refused: int = 0
    answers: list[float] = field(default_factory=list)
    wrong_answers: dict[str, int] = field(default_factory=dict)
    killed_at: dict[int, float] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    wire: Wire | None = None
    # Whether jobs are receipts, each with an image of its own.
    receipts: bool = False
    # The candidate labels of every job; more of them make its row larger.
    labels: list[str] = field(default_factory=lambda: ["Dairy"])
    _names: int = 0

    @property
    def url(self) -> str:
        """The URL of the first front."""
        return next(iter(self.fronts))

    @property
    def front(self) -> stack.Popen:
        """The process of the first front."""
        return self.fronts[self.url]

    @property
    def record(self) -> Path:
        """The file in which workers note what they do, which `tests/chaos/features.py` explains."""
        return self.folder / "record"

    def start_front(self, port: int | None = None, *, source: Path = ROOT) -> None:
        """Start a front at `port`, or at another; it answers when this returns.

        `source` is the folder of its code, today's by default.
        """
        port = port or free_port()
        process = stack.front(self.env, port, self.folder / "front.log", source)
        self.fronts[f"http://127.0.0.1:{port}"] = self.running.enter_context(process)

    def stop_front(self, url: str) -> None:
        """Stop a front in order, and wait until it has ended. Others are called all the while."""
        front = self.fronts[url]
        front.terminate()
        front.wait(30)
        del self.fronts[url]

    def start_worker(self, source: Path = ROOT, /, **env: str) -> stack.Popen:
        """Start another worker, which is ready a second or so later, of the code in `source`."""
        log = self.folder / "workers.log"
        worker = self.running.enter_context(stack.worker({**self.env, **env}, log, source))
        self.workers.append(worker)
        return worker

    def kill_worker(self, worker: stack.Popen, number: int = signal.SIGKILL) -> None:
        """Send a signal to a worker, and record when."""
        self.workers.remove(worker)
        self.killed_at[worker.pid] = time.time()
        self.gone.add(worker.pid)
        os.kill(worker.pid, number)

    def freeze_worker(self, worker: stack.Popen) -> None:
        """Stop a worker for a while, as a hung machine does."""
        self.gone.add(worker.pid)
        worker.send_signal(signal.SIGSTOP)

    async def submit(self, what: str, count: int = 1, *, callback: str | None = None) -> list[UUID]:
        """Submit `count` jobs that all differ; return the ids of those that were accepted.

        `callback` is a URL that hears of the end of each.
        """
        async with httpx.AsyncClient(base_url=self.url, timeout=15) as http:
            limit = asyncio.Semaphore(8)

            async def submit_one() -> UUID | None:
                body = self.request(what)
                if callback:
                    body["callback"] = {"url": callback}
                return await self.send(http, body, limit)

            sent = await asyncio.gather(*(submit_one() for _ in range(count)))
        return [job for job in sent if job]

    def request(self, what: str) -> dict[str, object]:
        """Return the body of a request for a job that differs from all others."""
        self._names += 1
        if self.receipts:
            return {"tenant_id": TENANT, "feature": "receipt_extraction", "payload": _new_image()}
        payload = {"item_name": f"{what} #{self._names}", "candidate_labels": self.labels}
        return {"tenant_id": TENANT, "feature": "categorization", "payload": payload}

    async def send(
        self, http: httpx.AsyncClient, body: Mapping[str, object], limit: asyncio.Semaphore
    ) -> UUID | None:
        """Submit one job; return its id, or None if it was refused, which is not a loss."""
        async with limit:
            answer = await http.post("/api/v1/jobs", json=body)
        return self.note_answer(answer)

    def note_answer(self, answer: httpx.Response, key: str | None = None) -> UUID | None:
        """Note whether a job was accepted, under which key of the caller; return its id."""
        if answer.status_code != 202:
            self.refused += 1
            return None
        job = UUID(answer.json()["id"])
        self.accepted.append(job)
        if key:
            self.keys[key] = job
        return job

    def note_wrong(self, what: str, count: int = 1) -> None:
        """Note answers that nobody should get, by what they were."""
        self.wrong_answers[what] = self.wrong_answers.get(what, 0) + count

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

    async def all_finished(self, within: float = 200) -> None:
        """Wait until every accepted job has ended. After `within` seconds the others are lost."""

        async def finished() -> bool:
            ended = await self.count("state IN ('succeeded', 'failed', 'cancelled')")
            return ended == len(set(self.accepted)) or time.monotonic() > deadline

        deadline = time.monotonic() + within
        await wait_until(finished, "all jobs ended", within + 60, pause=0.1)


def _new_image() -> dict[str, object]:
    """Return the payload of an image that is like no other. Nobody has to read it."""
    return {"image_base64": base64.b64encode(_PNG + os.urandom(_IMAGE)).decode()}


@asynccontextmanager
async def cluster(
    workers: int,
    seed: int,
    settings: Mapping[str, str],
    *,
    fronts: int = 1,
    through_wire: bool = False,
    small_disk: bool = False,
    servers: Callable[[Cluster], None] | None = None,
) -> AsyncIterator[Cluster]:
    """Run servers, fronts and `workers` workers while the block runs; leave no data behind.

    `settings` are those of fronts and workers. `through_wire` puts a proxy before Postgres, and
    `small_disk` its data on a disk that can be filled. `servers` starts other servers than usual.
    """
    with stack.throwaway_folder() as folder:
        system = Cluster(folder, _env(folder, settings), rng=random.Random(seed))
        data: Path | None = None
        try:
            if small_disk:
                system.make_small_disk()
            data = copy_database(folder / "postgres")
            (servers or _start_servers)(system)
            async with AsyncExitStack() as proxies:
                if through_wire:
                    proxy = wired(system.postgres_url, 5432)
                    system.wire, url = await proxies.enter_async_context(proxy)
                    system.env["DATABASE_URL"] = url
                for _ in range(fronts):
                    await asyncio.to_thread(system.start_front)
                for _ in range(workers):
                    system.start_worker()
                try:
                    yield system
                finally:
                    _keep_logs(folder)
                    # The proxy has to go on until the processes have ended.
                    await asyncio.to_thread(system.running.close)
        finally:
            system.stop_all()
            if data:
                shutil.rmtree(data, ignore_errors=True)


def _start_servers(system: Cluster) -> None:
    system.start_postgres()
    if system.env.get("DATABASE_POOLER") == "transaction":
        system.start_pooler()
        # The limits of the role depend on the settings.
        stack.migrate(system.env["DATABASE_URL"], system.env)
    system.start_redis()


def _keep_logs(folder: Path) -> None:
    """Copy the logs of all processes to where the next scenario overwrites them."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    for log in (*folder.glob("*.log"), *folder.glob("*/*.log"), *folder.glob("record")):
        shutil.copy(log, LOGS)


def _env(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of fronts and workers, but for the URLs of the servers."""
    return {
        "QUEUE_NAMESPACE": f"chaos-{uuid4().hex[:6]}",
        "FEATURE_LOADER": "tests.chaos.features:load",
        "CHAOS_RECORD": str(folder / "record"),
        "WORKER_QUEUES": "items",
        "DRAIN_DELAY": "0",
        "SHUTDOWN_GRACE": "2",
        "WORKER_PORT": "0",
        "LOG_FORMAT": "console",
        **settings,
    }
