"""The executor: the one place that decides how a run of a job ends.

claim → run under our own time limit → one outcome → persist → announce and log. Persisting comes
first, so that nobody is told of an ending that the database does not have.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import select

from shared import transitions
from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobError, JobStatus
from shared.database import Database
from shared.errors import BrokerUnavailable, Bug, ServiceError, TimedOut
from shared.models import JobImage
from shared.queue import JobQueue
from shared.telemetry import continued, trace_id
from shared.transitions import AttemptLog, Claim
from worker.features import Product, Run, Work
from worker.pipeline.stages import StageLog
from worker.running import RunningJobs

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds: how long a claim lasts without a heartbeat, how long a run may take by queue."""

    lease: float
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
        limits: Limits,
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._queue = queue
        self._runners = runners
        self._running = running
        self._limits = limits

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
            continued(claim.trace_carrier),
            structlog.contextvars.bound_contextvars(
                job_id=str(job_id),
                attempt=claim.attempt,
                feature=claim.feature,
                tenant_id=claim.tenant_id,
                request_id=claim.request_id,
            ),
        ):
            await self._run_claimed(claim, image)

    async def _claim(self, job_id: UUID, dispatch: int) -> tuple[Claim, bytes | None] | None:
        async with self._database.transaction() as session:
            claim = await transitions.claim(
                session, job_id, dispatch, self._worker_id, self._limits.lease
            )
            if claim is None:
                return None
            query = select(JobImage.content).where(JobImage.job_id == job_id)
            return claim, await session.scalar(query)

    async def _run_claimed(self, claim: Claim, image: bytes | None) -> None:
        stages = StageLog()
        work = Work(payload=claim.payload, image=image, request_id=claim.request_id, log=stages)
        task = asyncio.create_task(self._outcome(claim, work))
        with self._running.track(claim.job_id, task):
            try:
                outcome = await task
            except asyncio.CancelledError:
                if not self._running.is_lost(claim.job_id):
                    await asyncio.shield(self._release(claim, stages))
                    raise
                log.warning("job.lease_lost")
                return
        await self._persist(claim, outcome, stages)

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

    async def _persist(
        self, claim: Claim, outcome: Product | ServiceError, stages: StageLog
    ) -> None:
        history = _history(claim, stages)
        async with self._database.transaction() as session:
            if isinstance(outcome, Product):
                status = JobStatus.SUCCEEDED
                stored = await transitions.succeed(
                    session,
                    claim,
                    history,
                    output=outcome.output.model_dump(mode="json"),
                    model_id=outcome.model_id,
                    model_version=outcome.model_version,
                )
            else:
                status = JobStatus.FAILED
                stored = await transitions.fail(session, claim, history, job_error(outcome))
        if not stored:
            log.warning("job.result_dropped", status=status)
            return
        await self._announce(claim.job_id)
        error = None if isinstance(outcome, Product) else outcome.code
        log.info(f"job.{status}", error=error, stages=_durations(history))

    async def _release(self, claim: Claim, stages: StageLog) -> None:
        async with self._database.transaction() as session:
            await transitions.release(session, claim, _history(claim, stages))
        log.info("job.released")

    async def _announce(self, job_id: UUID) -> None:
        try:
            await self._queue.announce(job_id)
        except BrokerUnavailable as error:
            # Those who wait find the result by themselves within a second or so.
            log.warning("job.unannounced", reason=error.code)


def job_error(error: ServiceError) -> JobError:
    """What a job keeps of an error."""
    return JobError(
        code=error.code,
        error_class=error.error_class,
        detail=error.detail,
        retryable=error.error_class.retryable,
    )


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
