"""Postgres is restored to an earlier moment, while Redis and a worker stay as they are."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.local import stack
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import stored_token
from tests.support.fronts import front_client
from tests.support.postgres.archived import Archived
from tests.support.runners import LABELS, dairy, worker_with
from tests.support.waiting import wait_until
from tests.worker.cli.conftest import Run
from tests.worker.cli.test_restoring import env_of

# Its processes share the imports of the commands with the other file.
pytestmark = pytest.mark.xdist_group("restoring")

# The old worker has three slots. It runs two jobs until after the restore, and ends the third
# between the moment and the disaster; the others that are redone waited at that moment.
KEPT = ("noop 1", "noop 2", "noop 3")
RUNNING = ("slow 60 a", "slow 60 b", "slow 1 c")
REDONE = (*RUNNING, "noop 4", "noop 5")
LOST = ("noop 6", "noop 7", "slow 60 d", "noop 8")


@dataclass
class Caller:
    """Submits jobs, and keeps a log: the id of each that was accepted, by name."""

    accepted: dict[str, UUID] = field(default_factory=dict)

    def ids(self, *names: str) -> set[UUID]:
        """Return the ids of these jobs."""
        return {self.accepted[name] for name in names}

    async def submit(self, client: AsyncServiceClient, *names: str) -> None:
        """Submit a job of each name, or find the one that was submitted before with its key."""
        for name in names:
            payload = {"item_name": name, "candidate_labels": LABELS}
            key = name.replace(" ", "-")
            job = await client.submit("categorization", payload, idempotency_key=key)
            self.accepted[name] = job.id

    async def await_all(self, client: AsyncServiceClient, *names: str) -> None:
        """Wait until these jobs have succeeded."""
        for name in names:
            job = await client.await_job(self.accepted[name], within=30)
            assert job.status is JobStatus.SUCCEEDED, name


@pytest.mark.timeout(120)
async def test_every_job_is_kept_or_redone_or_known_to_be_lost(
    forked_ai: Run, settings: Settings, folder: Path
) -> None:
    """No job of the backup is lost, and a caller that submits all of it again has everything."""
    place = folder / f"restored-{uuid4().hex[:6]}"
    place.mkdir(mode=0o755)
    archived, caller, log = Archived.prepare(place), Caller(), place / "accepted.txt"
    with archived.running() as url, ExitStack() as starting:
        settings = settings.model_copy(update={"database_url": SecretStr(url)})
        worker = starting.enter_context(_old_worker(settings, place))
        moment = await _work_until_the_disaster(settings, archived, caller)
        worker.send_signal(signal.SIGSTOP)
        frozen = starting.pop_all()
    log.write_text("".join(f"{job_id} {name}\n" for name, job_id in caller.accepted.items()))
    with frozen, archived.restored(moment) as url:
        before = await _rows(url)
        await wait_until(lambda: _nobody_lives(url), "no heartbeat was recent", within=20)
        done = forked_ai("after-restore", "--yes", "--json", **env_of(settings))
        lost = forked_ai("lost", log, **env_of(settings))
        async with front_client(settings) as client, worker_with(settings, dairy):
            await caller.await_all(client, *KEPT, *REDONE)
            after = await _rows(url)
            worker.send_signal(signal.SIGCONT)
            await wait_until(lambda: _stopped(place) == 3, "it gave up what it ran", 20)
            assert await _rows(url) == after
            frozen.close()
            known, again = dict(caller.accepted), Caller()
            await again.submit(client, *known)
            await again.await_all(client, *known)
        tokens = await _query(url, "SELECT revoked_at IS NULL AS lives FROM tokens")

    kept = {job_id for job_id, row in before.items() if row["finished_at"]}
    redone = set(before) - kept
    assert set(before) == caller.ids(*KEPT, *REDONE)
    # A busy machine may have ended more of them before the moment.
    assert caller.ids(*KEPT) <= kept
    assert caller.ids(*RUNNING[:2]) <= redone
    assert {job_id for job_id in after if after[job_id] == before[job_id]} == kept
    assert {(after[job_id]["state"], after[job_id]["model_id"]) for job_id in redone} == {
        ("succeeded", "scripted")
    }
    said = json.loads(done.stdout)
    # What the worker held when it was frozen, and what waited; it may have had more to remove.
    assert said["messages"] >= 4
    assert said["jobs"]["waiting"] + said["jobs"]["running"] == len(redone)
    assert said["tokens"] == 1
    assert set(map(UUID, lost.stdout.split())) == caller.ids(*LOST)
    assert {name for name in known if again.accepted[name] != known[name]} == set(LOST)
    assert [row["lives"] for row in tokens] == [False]


async def _work_until_the_disaster(settings: Settings, archived: Archived, caller: Caller) -> str:
    """Have jobs done before and after a moment, which is returned as Postgres writes it."""
    url = settings.database_url.get_secret_value()
    await _make_token(settings)
    async with front_client(settings) as client:
        await caller.submit(client, KEPT[0])
        await asyncio.to_thread(archived.back_up, url)
        await caller.submit(client, *KEPT[1:])
        await caller.await_all(client, *KEPT)
        await caller.submit(client, *RUNNING)
        await wait_until(lambda: _all_run(url), "the worker had no slot left", within=30)
        await caller.submit(client, *REDONE[3:])
        (moment,) = await _query(url, "SELECT clock_timestamp()::text AS now")
        # Somebody is shut out after the moment, and must not get in again.
        await _query(url, "UPDATE tokens SET revoked_at = now()")
        await caller.submit(client, *LOST)
        await caller.await_all(client, *REDONE[2:], *LOST[:2])
        await wait_until(lambda: _all_run(url), "the worker ran a job of after the moment")
    return str(moment["now"])


async def _make_token(settings: Settings) -> None:
    database = Database.from_settings(settings, process="test", pool_size=1)
    try:
        await stored_token(database, "tenant")
    finally:
        await database.close()


@contextmanager
def _old_worker(settings: Settings, place: Path) -> Iterator[stack.Popen]:
    env = {
        **env_of(settings),
        "FEATURE_LOADER": "tests.chaos.features:load",
        "WORKER_QUEUES": "items",
        "WORKER_PORT": "0",
        "ITEM_SLOTS": "3",
        "LEASE": "3",
        "HEARTBEAT": "0.5",
        "SHUTDOWN_GRACE": "0",
    }
    with stack.worker(env, place / "worker.log") as process:
        yield process


def _stopped(place: Path) -> int:
    """Count the jobs that the old worker found to be its own no more."""
    return len(re.findall(r"job\.(?:crashed|dropped)", (place / "worker.log").read_text()))


async def _all_run(url: str) -> bool:
    (row,) = await _query(url, "SELECT count(*) AS running FROM jobs WHERE state = 'running'")
    return bool(row["running"] == 3)


async def _nobody_lives(url: str) -> bool:
    return not await _query(url, "SELECT FROM workers WHERE alive_until > now()")


async def _rows(url: str) -> dict[UUID, asyncpg.Record]:
    """Return what identifies the end of each job."""
    columns = "id, state, dispatch, attempt, finished_at, model_id"
    return {row["id"]: row for row in await _query(url, f"SELECT {columns} FROM jobs")}  # noqa: S608


async def _query(url: str, sql: str) -> list[asyncpg.Record]:
    """Run one statement beside the service."""
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()
