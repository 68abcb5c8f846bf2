"""The executor takes a job from its message to the end of an attempt.

claim → run under our own time limit → one outcome → persist → announce and log. Persisting comes
first, so that nothing is announced that the database does not have.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from shared.contracts.features import Feature, Queue
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Bug, Cancelled, ServiceError, TimedOut
from shared.store import transitions
from shared.store.postgres.database import Database, Session
from shared.store.transitions import AttemptRecord, Claim
from shared.telemetry.trace_context import trace_id
from worker.features.runners import Product, Run, Work
from worker.features.time_limit import TimeLimit
from worker.jobs.endings import Endings, Interrupted, RunResult
from worker.jobs.persistence import committed, uninterrupted
from worker.jobs.reports import Reports
from worker.jobs.running_jobs import RunningJobs, Stop
from worker.pipeline.stages import StageRecorder
from worker.telemetry.job_metrics import AttemptMetrics
from worker.telemetry.signals import Telemetry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Time limits in seconds.

    `lease` is how long a claim lasts without a heartbeat, `retry_pause` the longest wait before
    the first retry, and `timeouts` the longest run on each queue.
    """

    lease: float
    retry_pause: float
    timeouts: Mapping[Queue, float]


class Executor:
    """Runs jobs. A failed job raises nothing; only a shutdown does."""

    def __init__(
        self,
        *,
        worker_id: str,
        database: Database,
        runners: Mapping[Feature, Run],
        running: RunningJobs,
        telemetry: Telemetry,
        reports: Reports,
        limits: Limits,
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._runners = runners
        self._running = running
        self._tracing = telemetry.tracing
        self._metrics = telemetry.metrics.jobs
        self._reports = reports
        self._limits = limits
        self._endings = Endings(limits.retry_pause)

    async def run(self, job_id: UUID, dispatch: int) -> None:
        """Run the job that a message stands for, or ignore the message if the job cannot be
        claimed.

        Raises CancelledError when the worker shuts down, after the job was released.
        """
        claimed = await committed(self._database, partial(self._claim, job_id, dispatch))
        if claimed is None:
            log.info("message.ignored", job_id=str(job_id), dispatch=dispatch)
            return
        claim, image = claimed
        self._reports.changed(job_id)
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

    async def _claim(
        self, job_id: UUID, dispatch: int, session: Session
    ) -> tuple[Claim, bytes | None] | None:
        claim = await transitions.claim(
            session, job_id, dispatch, self._worker_id, self._limits.lease
        )
        if claim is None:
            return None
        return claim, await transitions.claimed_image(session, claim)

    async def _run_claimed(
        self, claim: Claim, image: bytes | None, metrics: AttemptMetrics
    ) -> None:
        recorder = StageRecorder(partial(self._reports.stage, claim))
        work = Work(
            payload=claim.payload,
            image=image,
            request_id=claim.request_id,
            recorder=recorder,
            limit=TimeLimit(self._limits.timeouts[claim.feature.queue]),
        )
        task = asyncio.create_task(self._result(claim, work))
        result: RunResult
        with self._running.track(claim.job_id, task):
            try:
                result = await task
            except asyncio.CancelledError:
                match self._running.stopped(claim.job_id):
                    case None:
                        await uninterrupted(self._end(claim, Interrupted(), recorder, metrics))
                        raise
                    case Stop.LEASE_LOST:
                        self._report_crashed(recorder)
                        return
                    case Stop.CANCELLED:
                        result = Cancelled()
        await uninterrupted(self._end(claim, result, recorder, metrics))

    async def _result(self, claim: Claim, work: Work) -> Product | ServiceError:
        """Return the product of a run, or the error that it ended in."""
        try:
            async with work.limit.enforced():
                return await self._runners[claim.feature](work)
        except TimeoutError:
            return TimedOut(f"The work took longer than its limit of {work.limit.seconds:g} s.")
        except ServiceError as error:
            return error
        except Exception:
            log.exception("job.bug")
            return Bug()

    async def _end(
        self, claim: Claim, result: RunResult, recorder: StageRecorder, metrics: AttemptMetrics
    ) -> None:
        """Store the result, then report the outcome in the span, the metrics and the log, and
        announce it to waiting callers."""
        record = _record(claim, recorder)
        self._tracing.stages(recorder.stages)

        async def store(session: Session) -> AttemptOutcome:
            return await self._endings.store(session, claim, record, result)

        with self._tracing.persist():
            outcome = await committed(self._database, store)
        failure = result if isinstance(result, ServiceError) else None
        code = failure and failure.code
        if outcome is AttemptOutcome.CANCELLED:
            failure = Cancelled()
        self._tracing.ended(outcome, failure)
        metrics.ended(outcome, recorder.stages, failure)
        if outcome is AttemptOutcome.DROPPED:
            log.warning("job.dropped", error=code)
            return
        if outcome.ends_job:
            self._running.ended.set()
            await self._reports.ended(claim.job_id)
        else:
            self._reports.changed(claim.job_id)
        log.info(f"job.{outcome}", error=code, stages=_durations(record))

    def _report_crashed(self, recorder: StageRecorder) -> None:
        """Report in the span and the log that the lease ran out while the job ran.

        The worker that rescued the job has already recorded and counted this attempt.
        """
        self._tracing.stages(recorder.stages)
        self._tracing.ended(AttemptOutcome.CRASHED, None)
        log.warning(f"job.{AttemptOutcome.CRASHED}", reason="lease lost")


def _record(claim: Claim, recorder: StageRecorder) -> AttemptRecord:
    begin = claim.started_at.timestamp() * 1000
    return AttemptRecord(
        stages=[
            {
                "name": stage.name,
                "start_ms": round(stage.start_ns / 1e6 - begin, 3),
                "duration_ms": round((stage.end_ns - stage.start_ns) / 1e6, 3),
            }
            for stage in recorder.stages
        ],
        trace_id=trace_id(claim.trace_carrier),
    )


def _durations(record: AttemptRecord) -> dict[str, float]:
    return {stage["name"]: stage["duration_ms"] for stage in record.stages}
