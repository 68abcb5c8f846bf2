"""The order between tenants: turns from counters, whatever is accepted and claimed in between."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store import transitions
from shared.store.hot.accepting import Accepted, NewJob
from shared.store.hot.claiming import claim
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.queues.order import lift, prune_turns
from shared.wire.messages import NewMessage
from tests.support.job_rows import accept_but, new_job

TENANTS = "abcd"
HOLD = 60.0
LONG_AGO = timedelta(seconds=2 * HOLD)
# A tenant posts so many jobs at once, or a worker takes the next one.
STEPS = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.integers(1, 6)) | st.none(), min_size=5, max_size=40
)


@dataclass
class Line:
    """A queue as Redis keeps it: the messages by their score, of which workers take the first.

    `claimed` has the tenants in the order of the claims.
    """

    database: Database
    waiting: list[tuple[int, str, NewJob]] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)

    async def post(self, tenant: str, count: int, **different: Any) -> list[NewJob]:
        """Accept jobs of a tenant with one statement."""
        news = [new_job(tenant_id=tenant, **different) for _ in range(count)]
        accepted = await accept_but(self.database, news)
        for new, result in zip(news, accepted, strict=True):
            assert isinstance(result, Accepted)
            message = NewMessage(
                queue=Queue.ITEMS,
                job_id=new.id,
                dispatch=1,
                priority=new.priority,
                queued_at=result.created_at,
                band=result.band,
                turn=result.turn,
                trace_carrier={},
            )
            self.waiting.append((message.score, message.id, new))
        return news

    async def take(self) -> str | None:
        """Claim the first job; return its tenant, None if nobody waits."""
        if not self.waiting:
            return None
        first = min(self.waiting, key=lambda entry: entry[:2])
        self.waiting.remove(first)
        new = first[2]
        made = await claim(self.database.fetch, Queue.ITEMS, [(new.id, 1)], "w", 60)
        assert [held.job_id for held in made.made] == [new.id]
        self.claimed.append(new.tenant_id)
        return new.tenant_id

    def tenants(self) -> set[str]:
        """Return whose jobs wait."""
        return {new.tenant_id for _, _, new in self.waiting}


class Passes:
    """How often each tenant that waits was passed over by each other since its last claim."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def waiting(self, tenants: set[str]) -> None:
        """Take note of who waits now."""
        self._counts = {tenant: self._counts.get(tenant, Counter()) for tenant in tenants}

    def most(self, taken: str) -> int:
        """Count a claim; return how often that tenant has passed over somebody at most."""
        self._counts.pop(taken, None)
        for counts in self._counts.values():
            counts[taken] += 1
        return max((counts[taken] for counts in self._counts.values()), default=0)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_nobody_is_passed_over_twice_between_two_claims_of_a_tenant(
    database: Database, steps: list[tuple[str, int] | None]
) -> None:
    """While a tenant waits, no other gets more than one turn of its own and one that it had
    already, so a newcomer waits for one of each at most."""
    run = uuid4().hex
    line = Line(database)
    passes = Passes()
    for step in [*steps, *[None] * sum(count for _, count in filter(None, steps))]:
        if step is not None:
            await line.post(f"{step[0]}-{run}", step[1])
        elif taken := await line.take():
            assert passes.most(taken) <= 2, line.claimed
        passes.waiting(line.tenants())
    assert not line.waiting


async def test_a_newcomer_goes_before_the_backlog_of_another(database: Database) -> None:
    """The newcomer waits for one job at most, and then both alternate."""
    line = Line(database)
    await line.post("a", 50)
    for _ in range(3):
        await line.take()
    await line.post("b", 3)
    after = [await line.take() for _ in range(7)]

    assert "b" in after[:2]
    assert after.count("b") == 3


async def test_the_jobs_of_a_tenant_keep_the_order_of_their_statement(database: Database) -> None:
    """The keys, by which jobs are inserted, say nothing about it."""
    news = [new_job(idempotency_key=key) for key in "cab"]
    accepted = await accept_but(database, news)
    turns = [result.turn for result in accepted if isinstance(result, Accepted) and result.turn]

    assert turns == [turns[0], turns[0] + 1, turns[0] + 2]


async def test_what_is_found_takes_no_turn(database: Database) -> None:
    """A caller who repeats its calls does not come later for that."""
    first, again, last = (new_job(tenant_id="t", idempotency_key=key) for key in "aab")
    (made,) = await accept_but(database, [first])
    await accept_but(database, [again])
    (after,) = await accept_but(database, [last])

    assert isinstance(made, Accepted)
    assert isinstance(after, Accepted)
    assert made.turn is not None
    assert after.turn == made.turn + 1


@pytest.mark.parametrize(
    ("priority", "band"), [(-1, 0), (0, 0), (1, 1), (4, 1), (5, 2), (9, 2), (12, 2)]
)
async def test_a_priority_belongs_to_a_band(database: Database, priority: int, band: int) -> None:
    """The row keeps the priority that was sent."""
    new = new_job(priority=priority)
    (accepted,) = await accept_but(database, [new])

    assert isinstance(accepted, Accepted)
    assert (accepted.band, (await _row(database, new.id)).priority) == (band, priority)


async def test_bands_go_in_order_whatever_their_turns_are(database: Database) -> None:
    """Rows of the version before have no turn, and keep their place before new ones of band 0."""
    line = Line(database)
    await line.post("t", 2)
    await line.post("t", 1, priority=1)
    await line.post("t", 30, priority=9)
    old = NewMessage(
        queue=Queue.ITEMS,
        job_id=uuid4(),
        dispatch=1,
        priority=0,
        queued_at=(await _row(database, line.waiting[0][2].id)).queued_at,
        trace_carrier={},
    )
    by_score = [new.priority for _, _, new in sorted(line.waiting, key=lambda entry: entry[0])]

    assert by_score == [9] * 30 + [1] + [0, 0]
    assert old.score < line.waiting[0][0]
    assert all(score > line.waiting[2][0] or new.priority for score, _, new in line.waiting)
    assert line.waiting[2][0] < old.score


async def test_a_job_that_is_retried_by_hand_comes_after_the_others_of_its_tenant(
    database: Database,
) -> None:
    """Many that are retried at once are in no other tenant's way."""
    line = Line(database)
    failed, *others = await line.post("a", 5)
    async with database.transaction() as session:
        await session.execute(
            update(Job).where(Job.id == failed.id).values(state="failed", finished_at=func.now())
        )
    turn = (await _row(database, failed.id)).turn
    async with database.transaction() as session:
        assert not await transitions.revive(session, failed.id, "b")
    assert (await _row(database, failed.id)).turn == turn
    async with database.transaction() as session:
        assert await transitions.revive(session, failed.id, "a")
    turns = [(await _row(database, new.id)).turn or 0 for new in (failed, *others)]

    assert turns[0] == max(turns[1:]) + 1


async def test_a_lower_band_is_held_back_for_a_bounded_time_only(database: Database) -> None:
    """Some jobs go to the band that waits, with turns like newcomers, and are sent again."""
    line = Line(database)
    low = await line.post("a", 4)
    await line.post("b", 3, priority=9)
    assert await _lift(database) == 0
    await _age(database)

    assert await _lift(database) == 2
    rows = [await _row(database, new.id) for new in low]
    assert [row.band for row in rows] == [2, 2, 0, 0]
    assert [row.published_at is None for row in rows] == [True, True, False, False]
    assert [row.priority for row in rows] == [0] * 4
    urgent = [(row.turn or 0) for row in await _rows(database, "b")]
    assert (rows[0].turn or 0) <= min(urgent)
    assert (rows[1].turn or 0) == (rows[0].turn or 0) + 1


async def test_no_more_is_lifted_until_that_was_taken(database: Database) -> None:
    """A backlog that was lifted whole would hold up a third tenant."""
    line = Line(database)
    low = await line.post("a", 4)
    await line.post("b", 3, priority=2)
    await _age(database)
    assert await _lift(database) == 2
    await _change(database, published_at=func.now())

    assert await _lift(database) == 0
    await claim(database.fetch, Queue.ITEMS, [(new.id, 1) for new in low[:2]], "w", 60)
    assert await _lift(database) == 2
    await _change(database, published_at=func.now())
    await claim(database.fetch, Queue.ITEMS, [(new.id, 1) for new in low[2:]], "w", 60)
    assert await _lift(database) == 0


async def test_rows_of_the_version_before_are_lifted_too(database: Database) -> None:
    """Rows without band and turn wait behind all that have a priority."""
    line = Line(database)
    (old,) = await line.post("a", 1)
    await line.post("b", 1, priority=9)
    await _change(database, of="a", band=None, turn=None)
    await _age(database)

    assert await _lift(database) == 1
    assert (await _row(database, old.id)).band == 2


async def test_the_counters_of_tenants_that_wait_for_nothing_are_pruned(
    database: Database,
) -> None:
    """A tenant that comes back gets the turn that workers have come to, like a newcomer."""
    line = Line(database)
    for tenant in ("a", "b", "a", "b", "b"):
        await line.post(tenant, 1)
    while await line.take():
        pass
    await line.post("c", 1)
    async with database.transaction() as session:
        await prune_turns(session, 100)
        left = (await session.scalars(text("SELECT tenant_id FROM tenant_turns"))).all()

    assert sorted(left) == ["b", "c"]


async def test_a_table_of_turns_that_was_emptied_stops_nobody(database: Database) -> None:
    """The migration fills it, and a database may be copied without it."""
    async with database.transaction() as session:
        kept = (await session.execute(text("DELETE FROM reached_turns RETURNING *"))).all()
        assert len(kept) == 6
    try:
        line = Line(database)
        await line.post("a", 2)
        assert await line.take() == "a"
    finally:
        async with database.transaction() as session:
            for queue, band, turn in kept:
                values = {"queue": queue, "band": band, "turn": turn}
                await session.execute(
                    text("INSERT INTO reached_turns VALUES (:queue, :band, :turn)"), values
                )


async def _lift(database: Database) -> int:
    async with database.transaction() as session:
        return await lift(session, Queue.ITEMS, HOLD, 2)


async def _age(database: Database) -> None:
    await _change(database, queued_at=func.now() - LONG_AGO)


async def _change(database: Database, *, of: str | None = None, **values: Any) -> None:
    change = update(Job).where(Job.state == JobStatus.QUEUED).values(**values)
    async with database.transaction() as session:
        await session.execute(change if of is None else change.where(Job.tenant_id == of))


async def _row(database: Database, job_id: UUID) -> Job:
    async with database.transaction() as session:
        return await session.get_one(Job, job_id)


async def _rows(database: Database, tenant: str) -> list[Job]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Job).where(Job.tenant_id == tenant)))
