"""A worker knows which jobs are in its hands, and asks again for those that it may have claimed."""

from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import pytest

from shared.contracts.features import Queue
from shared.errors import DatabaseUnavailable
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement
from shared.wire.messenger import Messenger
from tests.support.job_rows import insert_job, locking, new_job
from worker.jobs.claiming import Claiming
from worker.jobs.reports import Reports
from worker.jobs.running_jobs import RunningJobs


class Interrupting(Database):
    """A database that calls `interrupt`, if there is one, between a commit and its answer."""

    interrupt: Callable[[], None] | None = None

    async def fetch(self, statement: Statement, *arguments: object) -> Sequence[Row]:
        """Run the statement, and then what interrupts the next one."""
        rows = await super().fetch(statement, *arguments)
        interrupt, self.interrupt = self.interrupt, None
        if interrupt:
            interrupt()
        return rows


@pytest.fixture
async def interrupting(database: Database, database_url: str) -> AsyncIterator[Interrupting]:
    """Return the test's own database, with interruptions."""
    interrupting = Interrupting(database_url, process="test")
    yield interrupting
    await interrupting.close()


@pytest.fixture
def claiming(interrupting: Interrupting, messenger: Messenger) -> Claiming:
    """Return the claiming of a worker that runs nothing."""
    reports = Reports(messenger)
    return Claiming(interrupting, RunningJobs(), reports, worker_id="w", lease=15)


async def submitted(database: Database) -> UUID:
    """Insert a queued job; return its id."""
    async with database.transaction() as session:
        return (await insert_job(session, new_job())).id


def lose_the_answer() -> None:
    """Raise what a broken connection leads to."""
    raise DatabaseUnavailable


def meet_a_bug() -> None:
    """Raise what nobody foresaw."""
    raise RuntimeError


@pytest.mark.parametrize("lose", [lose_the_answer, meet_a_bug])
async def test_a_claim_whose_answer_was_lost_is_found_when_it_is_repeated(
    interrupting: Interrupting, claiming: Claiming, lose: Callable[[], None]
) -> None:
    """Even if the row is locked when the worker asks for the first time after that."""
    key = (await submitted(interrupting), 1)
    interrupting.interrupt = lose
    with pytest.raises((DatabaseUnavailable, RuntimeError)):
        await claiming.claim(Queue.ITEMS, [key])
    async with locking(interrupting, key[0]):
        locked = await claiming.claim(Queue.ITEMS, [key])
    found = await claiming.claim(Queue.ITEMS, [key])

    assert locked.claims == {}
    assert locked.again == {key}
    assert found.claims[key].attempt == 1


async def test_a_message_that_comes_again_brings_no_job_that_was_given_up(
    interrupting: Interrupting, claiming: Claiming
) -> None:
    """The row still says `running` until it is rescued. While the job runs here, its message is
    not done."""
    key = (await submitted(interrupting), 1)
    held = (await claiming.claim(Queue.ITEMS, [key])).claims[key]
    running = await claiming.claim(Queue.ITEMS, [key])
    claiming.ended(held)
    given_up = await claiming.claim(Queue.ITEMS, [key])

    assert running.claims == {}
    assert running.here == {key}
    assert not given_up.claims
    assert not given_up.again | given_up.here


async def test_a_message_waits_for_no_run_that_ended_meanwhile(
    interrupting: Interrupting, claiming: Claiming
) -> None:
    """The run ends while Postgres is asked for another job, so nobody would hear of it later."""
    first, other = [(await submitted(interrupting), 1) for _ in range(2)]
    held = (await claiming.claim(Queue.ITEMS, [first])).claims[first]
    newer = (first[0], 2)
    waiting = await claiming.claim(Queue.ITEMS, [newer])
    interrupting.interrupt = lambda: claiming.ended(held)
    claimed = await claiming.claim(Queue.ITEMS, [newer, other])

    assert waiting.later == {newer}
    assert claimed.again == {newer}
    assert not claimed.later | waiting.again
    assert set(claimed.claims) == {other}
