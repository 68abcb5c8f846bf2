"""`grocery-ai after-restore` and `lost`, beside a real Postgres and a real Redis."""

import json
import re
from uuid import uuid4

import pytest

from shared.contracts.features import Queue
from shared.local.checkout import ROOT
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.broker import Broker, BrokerCounts
from shared.wire.messages import NewMessage
from shared.wire.messenger import Messenger
from tests.support.access.tokens import stored_token
from tests.support.callback_rows import add_job, read_job_row
from tests.support.fronts import front_client
from tests.worker.cli.conftest import Run

# Its processes share the imports of the commands with the other file.
pytestmark = pytest.mark.xdist_group("restoring")


def env_of(settings: Settings) -> dict[str, str]:
    """Return the variables with which a command uses the servers of a test."""
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
    }


async def published(database: Database, messenger: Messenger) -> Job:
    """Add a job, and send its message."""
    job = await read_job_row(database, await add_job(database))
    await messenger.publish([NewMessage.of(job)])
    return job


async def test_the_messages_of_this_installation_are_cleared(
    forked_ai: Run, settings: Settings, database: Database, messenger: Messenger
) -> None:
    """A dry run only says so, and another installation on the same Redis keeps its own.

    The page on operations has the same table.
    """
    elsewhere = settings.model_copy(update={"queue_namespace": f"test-{uuid4().hex[:12]}"})
    other, ours, theirs = Messenger(elsewhere), Broker(settings), Broker(elsewhere)
    job = await published(database, messenger)
    await published(database, other)
    await stored_token(database)
    env = env_of(settings)
    dry = forked_ai("after-restore", "--dry-run", "--json", **env)
    before = await ours.counts(Queue.ITEMS), (await read_job_row(database, job.id)).dispatch
    done = forked_ai("after-restore", "--yes", **env)
    again = forked_ai("after-restore", "--yes", "--json", **env)

    assert before == (BrokerCounts(waiting=1, taken=0), 1)
    said = json.loads(dry.stdout)
    assert (said["messages"], said["jobs"]["waiting"], said["tokens"]) == (1, 2, 1)
    assert (done.returncode, dry.returncode) == (0, 0)
    page = (ROOT / "docs/operations.md").read_text()
    printed = re.findall(r"^  (\w.*?)  +\d+  +(.+?) *$", done.stdout, re.M)
    assert len(printed) == 10
    assert [now for what, now in printed if not re.search(f"  {what} +[0-9]+ +{now}\n", page)] == []
    assert "grocery-ai token create" in done.stderr
    assert await ours.counts(Queue.ITEMS) == BrokerCounts(waiting=0, taken=0)
    assert await theirs.counts(Queue.ITEMS) == BrokerCounts(waiting=1, taken=0)
    assert (await read_job_row(database, job.id)).dispatch > 1000
    second = json.loads(again.stdout)
    assert (second["messages"], second["tokens"], second["jobs"]["waiting"]) == (0, 0, 2)
    for part in (other, ours, theirs):
        await part.close()


async def test_a_service_that_runs_is_left_alone(
    forked_ai: Run, settings: Settings, database: Database
) -> None:
    """Rows would change under its processes. With --force that is accepted."""
    job_id = await add_job(database)
    async with front_client(settings) as client:
        await client.queues()
        refused = forked_ai("after-restore", "--yes", **env_of(settings))
        dispatch = (await read_job_row(database, job_id)).dispatch
        forced = forked_ai("after-restore", "--yes", "--force", **env_of(settings))

    assert (refused.returncode, refused.stdout, dispatch) == (1, "", 1)
    assert "Stop the service first: there is a front that is connected." in refused.stderr
    assert (forced.returncode, forced.stderr.count("\n")) == (0, 1)


async def test_who_does_not_confirm_changes_nothing(
    forked_ai: Run, settings: Settings, database: Database
) -> None:
    """The question is on stderr, so that stdout stays what a script reads."""
    job_id = await add_job(database)
    asked = forked_ai("after-restore", stdin="n\n", **env_of(settings))

    assert asked.returncode == 1
    assert not asked.stdout.strip()
    assert "revoke every token?" in asked.stderr
    assert (await read_job_row(database, job_id)).dispatch == 1


async def test_a_log_shows_which_jobs_are_lost(
    forked_ai: Run, settings: Settings, database: Database
) -> None:
    """Lines may be ids, rows that begin with one, or the JSON lines of a front's log."""
    known, gone, logged = await add_job(database), uuid4(), uuid4()
    lines = [
        str(known),
        f"{gone} receipt-7.jpg",
        json.dumps({"message": "job.queued", "job_id": str(logged)}),
        json.dumps({"message": "front.draining"}),
        str(gone),
        "{broken",
    ]
    found = forked_ai("lost", "-", stdin="\n".join(lines), **env_of(settings))
    none = forked_ai("lost", "-", stdin=str(known), **env_of(settings))
    empty = forked_ai("lost", "-", stdin="nothing\n", **env_of(settings))

    assert found.stdout.split() == [str(gone), str(logged)]
    assert found.stderr == "2 of 3 jobs are unknown; 2 lines name none.\n"
    assert (found.returncode, none.returncode, none.stdout) == (1, 0, "")
    assert empty.returncode == 2
