"""An outcome that Postgres cannot store is kept until it can, and its job counts as held."""

import httpx
import pytest

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobView
from shared.contracts.outcomes import AttemptOutcome
from shared.settings import Settings
from tests.support.postgres.faults import ask, failing_in_turn, read_only, run_sql
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.waiting import wait_until

# Codes of each class that passes: what follows a failover, a deadlock, a full disk, a restart.
CODES = "25006", "40001", "40P01", "53100", "53200", "53300", "55P03", "57014", "57P03", "58030"
ENDED = "WHEN (NEW.state = 'succeeded')"
# Makes the outage last for longer than any lease.
LONG_AGO = """
UPDATE jobs SET lease_until = lease_until - interval '1 minute';
UPDATE workers SET seen_at = seen_at - interval '1 minute';
"""


@pytest.fixture
def busy(settings: Settings) -> Settings:
    """Settings with which heartbeats and repairs are frequent."""
    return settings.model_copy(update={"heartbeat": 0.2, "reconcile_interval": 0.05})


async def test_an_outcome_is_stored_once_after_errors_of_every_class_that_pass(
    client: AsyncServiceClient, busy: Settings
) -> None:
    """Each says that Postgres cannot do it now, and none that it never will."""
    url = busy.database_url.get_secret_value()

    async def all_met() -> bool:
        return bool(await ask(url, "SELECT last_value > $1 FROM faults", len(CODES)))

    async def renewed() -> bool:
        return bool(await ask(url, "SELECT lease_until > $1 FROM jobs", lease))

    async with worker_with(busy, dairy):
        async with failing_in_turn(url, CODES, event="UPDATE", condition=ENDED):
            job = await client.submit("categorization", ITEM)
            await wait_until(all_met, "Postgres had raised every error", within=30)
            lease = await ask(url, "SELECT lease_until FROM jobs")
            await wait_until(renewed, "the lease was renewed")
        done = await client.await_job(job.id, within=30)

    assert _outcomes(done) == [AttemptOutcome.SUCCEEDED]


async def test_results_outlive_a_time_in_which_postgres_takes_no_writes(
    client: AsyncServiceClient, busy: Settings
) -> None:
    """Leases cannot be renewed and run out, and yet nothing crashed.

    Pooled connections lead to the server that takes no writes also when another one does.
    """
    url = busy.database_url.get_secret_value()
    gate = Gate()

    async with worker_with(busy, gate) as worker:
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        async with read_only(url), httpx.AsyncClient(base_url=worker.url) as http:
            gate.opened.set()
            await wait_until(lambda: _refuses(http), "the worker took no jobs")
            await run_sql(url, LONG_AGO)
        done = await client.await_job(job.id, within=30)

    assert _outcomes(done) == [AttemptOutcome.SUCCEEDED]


async def test_a_result_that_postgres_cannot_store_becomes_a_bug_and_no_crash(
    client: AsyncServiceClient, busy: Settings
) -> None:
    """Errors that say nothing of the content do not lose the job until its lease runs out."""
    url = busy.database_url.get_secret_value()

    async with (
        failing_in_turn(url, ("XX000", "54000"), event="UPDATE", condition=ENDED),
        worker_with(busy, dairy),
    ):
        job = await client.submit("categorization", ITEM)
        done = await client.await_job(job.id, within=30)

    assert set(_outcomes(done)) == {AttemptOutcome.FAILED}
    assert done.error is not None
    assert done.error.code == "internal_error"


async def _refuses(http: httpx.AsyncClient) -> bool:
    return (await http.get("/health/ready")).status_code == 503


def _outcomes(job: JobView) -> list[AttemptOutcome]:
    return [attempt.outcome for attempt in job.attempts]
