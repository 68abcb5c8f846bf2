"""A state machine of a job: no order of transitions and late writes breaks it or loses a result."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Bug, DatabaseUnavailable, EngineUnavailable, RecognitionCrashed, TimedOut
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord, Ending, Stored, store
from shared.store.jobs import JobRepository
from shared.store.models import Job, JobAttempt
from shared.store.postgres.database import Database
from tests.support import holding
from tests.support.job_rows import attempts_of, insert_job, new_job

T = TypeVar("T")
RECORD = AttemptRecord(stages=[], trace_id=None)
WORKERS = st.sampled_from(["one", "two", "three"])
ERRORS = st.sampled_from(
    [JobError.of(error()) for error in (TimedOut, Bug, DatabaseUnavailable, RecognitionCrashed)]
)
# The number of any claim that was ever made: a worker that lost its lease writes with an old one.
CLAIMS = st.integers(0, 50)


class JobMachine(RuleBasedStateMachine):
    """A job, and everything that three workers, a reconciler and callers may do with it."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = self.runner.run(self._connect())
        self.claims: list[Claim] = []
        self.dispatch = 1
        self.generation = 0
        self.result: tuple[int, dict[str, Any]] | None = None
        # The claims whose ending was stored. Storing one again finds that, and changes nothing.
        self.over: list[Claim] = []
        self.job_id: UUID = self.do(self._submit)

    async def _connect(self) -> Database:
        return Database(self.url, process="test", pool_size=1)

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()

    def do(self, step: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run `step` in a transaction of its own."""

        async def run() -> T:
            async with self.database.transaction() as session:
                return await step(session)

        return self.runner.run(run())

    async def _submit(self, session: AsyncSession) -> UUID:
        new = new_job(tenant_id="machine")
        return (await insert_job(session, new)).id

    @rule(worker=WORKERS, behind=st.integers(0, 2), again=st.booleans())
    def claim(self, worker: str, behind: int, again: bool) -> None:
        """Claim the job, by its current message or by one of an earlier dispatch. The answer to an
        earlier claim may have been lost."""
        dispatch = self.dispatch - behind
        claim = self.do(lambda s: holding.claim(s, self.job_id, dispatch, worker, 15, again=again))
        if claim:
            assert behind == 0
            assert again or claim not in self.claims
            self.claims.append(claim)

    @rule(number=CLAIMS)
    def succeed(self, number: int) -> None:
        """Store a result, which nothing may replace."""
        if not self.claims:
            return
        held, output = self.claims[number % len(self.claims)], {"by": number}
        stored = self.do(
            lambda s: holding.succeed(
                s, held, RECORD, output=output, model_id="m", model_version="1"
            )
        )
        if stored and held not in self.over:
            assert self.result is None
            self.result = (self.generation, output)
            self.over.append(held)

    @rule(number=CLAIMS, error=ERRORS)
    def fail(self, number: int, error: JobError) -> None:
        """Fail the job."""
        self._end(number, lambda s, held: holding.fail(s, held, RECORD, error))

    @rule(number=CLAIMS, error=ERRORS)
    def retry(self, number: int, error: JobError) -> None:
        """Queue the job again, under a new dispatch."""
        self._end(number, lambda s, held: holding.retry(s, held, RECORD, error, 0))

    @rule(number=CLAIMS)
    def put_back(self, number: int) -> None:
        """Queue the job again, under a new dispatch and without counting the attempt."""
        error = JobError.of(EngineUnavailable())
        self._end(number, lambda s, held: holding.put_back(s, held, error, 0))

    @rule(number=CLAIMS)
    def release(self, number: int) -> None:
        """Queue the job again, under the same dispatch."""
        self._end(number, lambda s, held: holding.release(s, held, RECORD))

    @rule(number=CLAIMS)
    def end_cancelled(self, number: int) -> None:
        """End the job as cancelled, as its worker does when that was asked for."""
        self._end(number, lambda s, held: holding.end_cancelled(s, held, RECORD))

    def _end(
        self, number: int, end: Callable[[AsyncSession, Claim], Awaitable[JobStatus | None]]
    ) -> None:
        if self.claims:
            held = self.claims[number % len(self.claims)]
            ended = self.do(lambda s: end(s, held))
            assert not (ended and self.result) or held in self.over
            if ended:
                self.over.append(held)

    @rule(numbers=st.lists(CLAIMS, min_size=2, max_size=5), worker=WORKERS)
    def fail_many(self, numbers: list[int], worker: str) -> None:
        """Store the endings of several claims with one statement: at most one of them holds."""
        held: list[Claim] = []
        for number in numbers if self.claims else []:
            claim = self.claims[number % len(self.claims)]
            if claim.worker_id == worker and claim not in held:
                held.append(claim)
        states = self.do(partial(self._fail, held)) if held else []
        ended = [claim for claim, state in zip(held, states, strict=True) if state]
        new = [claim for claim in ended if claim not in self.over]
        assert len(new) <= (0 if self.result else 1)
        self.over += new

    async def _fail(self, held: list[Claim], session: AsyncSession) -> list[Stored]:
        error = JobError.of(TimedOut())
        endings = [
            Ending(claim=claim, record=RECORD, outcome=AttemptOutcome.FAILED, error=error)
            for claim in held
        ]
        return await store(holding.within(session), held[0].worker_id, endings)

    @rule()
    def cancel(self) -> None:
        """Ask to cancel the job."""
        self.do(lambda s: transitions.cancel(s, self.job_id, "machine"))

    @rule()
    def revive(self) -> None:
        """Retry the job by hand, which a job with a result refuses."""
        if self.do(lambda s: transitions.revive(s, self.job_id, "machine")):
            assert self.result is None
            self.generation += 1

    @rule(worker=WORKERS)
    def renew(self, worker: str) -> None:
        """Renew the lease, which works only for the worker that holds the job."""
        kept = self.do(lambda s: holding.renew(s, worker, [self.job_id], 15))
        if kept:
            assert self._job().worker_id == worker

    @rule()
    def lease_runs_out(self) -> None:
        """Let the lease run out, and rescue the job."""
        past = func.now() - text("interval '1 second'")
        expire = update(Job).where(Job.id == self.job_id, Job.state == JobStatus.RUNNING)
        self.do(lambda s: s.execute(expire.values(lease_until=past)))
        for rescued in self.do(lambda s: transitions.rescue(s, 10, Leases(15, 5))):
            assert not (rescued.job_id == self.job_id and self.result)

    @invariant()
    def the_row_is_consistent(self) -> None:
        """Compare the columns of the job, its attempts, and the result that was stored."""
        job, attempts = self._job(), self.do(self._attempts)
        assert (job.state == JobStatus.RUNNING) == (job.worker_id is not None)
        assert (job.state == JobStatus.RUNNING) == (job.lease_until is not None)
        assert JobStatus(job.state).finished == (job.finished_at is not None)
        assert job.dispatch >= self.dispatch
        self.dispatch = job.dispatch
        numbers = [attempt.number for attempt in attempts]
        assert numbers == sorted(set(numbers))
        succeeded = [attempt for attempt in attempts if attempt.outcome == AttemptOutcome.SUCCEEDED]
        if self.result:
            assert (job.state, job.output) == (JobStatus.SUCCEEDED, self.result[1])
            assert len(succeeded) == 1
        else:
            assert (job.state != JobStatus.SUCCEEDED, succeeded) == (True, [])

    def _job(self) -> Job:
        found = self.do(lambda s: JobRepository(s).find(self.job_id, "machine"))
        assert found is not None
        return found

    async def _attempts(self, session: AsyncSession) -> list[JobAttempt]:
        return await attempts_of(session, self.job_id)


def test_any_order_of_events(migrated: str) -> None:
    """Hypothesis runs 25 random sequences of up to 30 steps against Postgres."""
    machine = type("Machine", (JobMachine,), {"url": migrated})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
