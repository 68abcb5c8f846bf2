"""The executor: the one place that decides how a run of a job ends.

claim → run under our own time limit → one outcome → persist → announce and log. Persisting comes
first, so that nobody is told of an ending that the database does not have.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobError, JobStatus
from shared.errors import BrokerUnavailable, Bug, Cancelled, ServiceError, TimedOut, Unavailable
from shared.store import transitions
from shared.store.database import Database
from shared.store.models import JobImage
from shared.store.retry_policy import GiveUp, PutBack, Retry, decide
from shared.store.transitions import AttemptLog, Claim
from shared.telemetry.trace_context import trace_id
from shared.wire.queue import JobQueue
from worker.features.runners import Product, Run, Work
from worker.jobs.patience import patiently, to_the_end
from worker.jobs.running import RunningJobs, Stop
from worker.pipeline.stages import StageLog
from worker.telemetry.job_metrics import AttemptMetrics
from worker.telemetry.worker_telemetry import Telemetry

log = structlog.get_logger(__name__)

_FINAL = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds: how long a claim lasts without a heartbeat, how long the first retry waits at most,
    how long a run may take by queue."""

    lease: float
    retry_pause: float
    timeouts: Mapping[Queue, float]


class Executor:
    """Runs claimed jobs. Never raises for a failed job, only for its own cancellation."""

    def __init__(
        self,
        *,
        worker_id: str,
        database: Database,
        queue: JobQueue,
        runners: Mapping[Feature, Run],
        running: RunningJobs,
        telemetry: Telemetry,
        limits: Limits,
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._queue = queue
        self._runners = runners
        self._running = running
        self._tracing = telemetry.tracing
        self._metrics = telemetry.metrics.jobs
        self._limits = limits
        self._rng = random.Random()

    async def run(self, job_id: UUID, dispatch: int) -> None:
        """Run the job that a message stands for; a message that stands for nothing is dropped.

        Raises CancelledError when the worker shuts down, after the job was put back.
        """
        claimed = await self._claim(job_id, dispatch)
        if claimed is None:
            log.info("message.dropped", job_id=str(job_id), dispatch=dispatch)
            return
        claim, image = claimed
        with (
            self._tracing.run(claim),
            structlog.contextvars.bound_contextvars(
                job_id=str(job_id),
                attempt=claim.attempt,
                feature=claim.feature,
                tenant_id=claim.tenant_id,
                request_id=claim.request_id,
            ),
            self._metrics.attempt(claim) as metrics,
        ):
            await self._run_claimed(claim, image, metrics)

    async def _claim(self, job_id: UUID, dispatch: int) -> tuple[Claim, bytes | None] | None:
        async for attempt in patiently():
            with attempt:
                async with self._database.transaction() as session:
                    claim = await transitions.claim(
                        session, job_id, dispatch, self._worker_id, self._limits.lease
                    )
                    if claim is None:
                        return None
                    query = select(JobImage.content).where(JobImage.job_id == job_id)
                    return claim, await session.scalar(query)
        raise AssertionError("it stops only at a result")

    async def _run_claimed(
        self, claim: Claim, image: bytes | None, metrics: AttemptMetrics
    ) -> None:
        stages = StageLog()
        work = Work(payload=claim.payload, image=image, request_id=claim.request_id, log=stages)
        task = asyncio.create_task(self._outcome(claim, work))
        with self._running.track(claim.job_id, task):
            try:
                outcome = await task
            except asyncio.CancelledError:
                why = self._running.stopped(claim.job_id)
                if why is None:
                    await to_the_end(self._release(claim, stages, metrics))
                    raise
                if why is Stop.LEASE_LOST:
                    self._tracing.stages(stages.stages)
                    self._tracing.ended("lease_lost", None)
                    log.warning("job.lease_lost")
                    return
                outcome = Cancelled()
        await to_the_end(self._store(claim, outcome, stages, metrics))

    async def _outcome(self, claim: Claim, work: Work) -> Product | ServiceError:
        """Everything that can come of a run, except that it is cancelled."""
        limit = self._limits.timeouts[claim.feature.queue]
        try:
            async with asyncio.timeout(limit):
                return await self._runners[claim.feature](work)
        except TimeoutError:
            return TimedOut(f"The work took longer than its limit of {limit:g} s.")
        except ServiceError as error:
            return error
        except Exception:
            log.exception("job.bug")
            return Bug()

    async def _store(
        self,
        claim: Claim,
        outcome: Product | ServiceError,
        stages: StageLog,
        metrics: AttemptMetrics,
    ) -> None:
        history = _history(claim, stages)
        self._tracing.stages(stages.stages)
        with self._tracing.persist():
            async for attempt in patiently():
                with attempt:
                    async with self._database.transaction() as session:
                        event, state = await self._end(session, claim, history, outcome)
        failure = None if isinstance(outcome, Product) else outcome
        error = failure and failure.code
        if state is None:
            self._tracing.ended("dropped", failure)
            log.warning("job.result_dropped", outcome=event, error=error)
            return
        if state is JobStatus.CANCELLED:
            # Somebody asked for it before the worker heard of it: the job does not run again.
            event, failure = state, Cancelled()
        self._tracing.ended(event, failure)
        metrics.ended(event, stages.stages, failure)
        if event in _FINAL:
            await self._announce(claim.job_id)
        log.info(f"job.{event}", error=error, stages=_durations(history))

    async def _end(
        self,
        session: AsyncSession,
        claim: Claim,
        history: AttemptLog,
        outcome: Product | ServiceError,
    ) -> tuple[str, JobStatus | None]:
        """How the attempt ends, and the job's state; None when the claim no longer held."""
        if isinstance(outcome, Product):
            return JobStatus.SUCCEEDED, await transitions.succeed(
                session,
                claim,
                history,
                output=outcome.output.model_dump(mode="json"),
                model_id=outcome.model_id,
                model_version=outcome.model_version,
            )
        if isinstance(outcome, Cancelled):
            return JobStatus.CANCELLED, await transitions.end_cancelled(session, claim, history)
        error = JobError.of(outcome)
        match decide(
            outcome.error_class,
            claim.spent.get(outcome.error_class, 0),
            age=claim.started_at - claim.created_at,
            retry_after=outcome.retry_after if isinstance(outcome, Unavailable) else 0,
            first_pause=self._limits.retry_pause,
            rng=self._rng,
        ):
            case Retry(delay):
                return "retrying", await transitions.retry(session, claim, history, error, delay)
            case PutBack(delay):
                return "put_back", await transitions.put_back(session, claim, error, delay)
            case GiveUp():
                return JobStatus.FAILED, await transitions.fail(session, claim, history, error)

    async def _release(self, claim: Claim, stages: StageLog, metrics: AttemptMetrics) -> None:
        self._tracing.stages(stages.stages)
        with self._tracing.persist():
            async for attempt in patiently():
                with attempt:
                    async with self._database.transaction() as session:
                        state = await transitions.release(session, claim, _history(claim, stages))
        self._tracing.ended("released", None)
        if state is JobStatus.CANCELLED:
            metrics.ended(state, stages.stages, Cancelled())
        elif state is not None:
            metrics.ended("released", stages.stages)
        log.info("job.released")

    async def _announce(self, job_id: UUID) -> None:
        try:
            await self._queue.announce(job_id)
        except BrokerUnavailable as error:
            # Those who wait find the result by themselves within a second or so.
            log.warning("job.unannounced", reason=error.code)


def _history(claim: Claim, stages: StageLog) -> AttemptLog:
    begin = claim.started_at.timestamp() * 1000
    return AttemptLog(
        stages=[
            {
                "name": stage.name,
                "start_ms": round(stage.start_ns / 1e6 - begin, 3),
                "duration_ms": round((stage.end_ns - stage.start_ns) / 1e6, 3),
            }
            for stage in stages.stages
        ],
        trace_id=trace_id(claim.trace_carrier),
    )


def _durations(history: AttemptLog) -> dict[str, float]:
    return {stage["name"]: stage["duration_ms"] for stage in history.stages}
