"""The executor takes a job from its claim to the end of an attempt.

run under our own time limit → one outcome → persist → announce and log. Persisting comes first, so
that nothing is announced that the database does not have. Jobs that end together are stored
together.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import structlog

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Bug, Cancelled, ServiceError, TimedOut
from shared.store.hot.claiming import Claim
from shared.store.hot.storing import AttemptRecord, Stored, Unstorable
from shared.store.images.keeping import Images
from shared.telemetry.described_errors import place_of
from shared.telemetry.trace_context import current_trace_id
from worker.features.runners import Product, Run, Work
from worker.features.time_limit import TimeLimit
from worker.jobs.endings import Endings, Interrupted, RunResult
from worker.jobs.persistence import uninterrupted
from worker.jobs.reports import Reports
from worker.jobs.running_jobs import RunningJobs, Stop
from worker.jobs.storing import Storing
from worker.pipeline.stages import StageRecorder
from worker.telemetry.job_metrics import AttemptMetrics
from worker.telemetry.signals import Telemetry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Time limits in seconds.

    `retry_pause` is the longest wait before the first retry, and `timeouts` the longest run on each
    queue.
    """

    retry_pause: float
    timeouts: Mapping[Queue, float]


class Executor:
    """Runs jobs. A failed job raises nothing; only a shutdown does."""

    def __init__(
        self,
        *,
        storing: Storing,
        images: Images,
        runners: Mapping[Feature, Run],
        running: RunningJobs,
        telemetry: Telemetry,
        reports: Reports,
        limits: Limits,
    ) -> None:
        self._images = images
        self._runners = runners
        self._running = running
        self._tracing = telemetry.tracing
        self._metrics = telemetry.metrics.jobs
        self._reports = reports
        self._limits = limits
        self._endings = Endings(limits.retry_pause)
        self._storing = storing

    async def run(self, claim: Claim) -> bool:
        """Run a claimed job to the end of an attempt.

        Returns whether its message is done; if not, the message has to be left to the next worker.
        Raises CancelledError when the worker shuts down, after the job was released.
        """
        with (
            self._tracing.run(claim),
            structlog.contextvars.bound_contextvars(
                job_id=str(claim.job_id),
                attempt=claim.attempt,
                feature=claim.feature,
                tenant_id=claim.tenant_id,
                request_id=claim.request_id,
            ),
            self._metrics.attempt(claim) as metrics,
        ):
            return await self._run_claimed(claim, metrics)

    async def _run_claimed(self, claim: Claim, metrics: AttemptMetrics) -> bool:
        recorder = StageRecorder(partial(self._reports.stage, claim))
        work = Work(
            payload=claim.payload,
            image=claim.image,
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
                        self._report_crashed(recorder, "lease lost")
                        return False
                    case Stop.CANCELLED:
                        result = Cancelled()
            # Until its outcome is stored, the heartbeat renews the lease of the job.
            return await uninterrupted(self._end(claim, result, recorder, metrics))

    async def _result(self, claim: Claim, work: Work) -> Product | ServiceError:
        """Return the product of a run, or the error that it ended in."""
        try:
            if claim.reference is not None:
                # The store has a time limit of its own, and the work is not to blame for it.
                with work.recorder.measure("image.fetch"):
                    image = await self._images.read(claim.reference)
                work = replace(work, image=image)
            async with work.limit.enforced():
                return await self._runners[claim.feature](work)
        except TimeoutError:
            return TimedOut(f"The work took longer than its limit of {work.limit.seconds:g} s.")
        except ServiceError as error:
            return error
        except Exception as error:
            log.exception("job.bug")
            bug = Bug()
            bug.place = place_of(error)
            return bug

    async def _end(
        self, claim: Claim, result: RunResult, recorder: StageRecorder, metrics: AttemptMetrics
    ) -> bool:
        """Store the result, then report the outcome in the span, the metrics and the log, and
        announce it to waiting callers. Returns whether the message is done."""
        record = _record(claim, recorder)
        self._tracing.stages(recorder.stages)
        with self._tracing.persist():
            outcome, result = await self._store(claim, record, result)
        if outcome is AttemptOutcome.CRASHED:
            self._report_crashed(recorder, "unstorable")
            return True
        failure = result if isinstance(result, ServiceError) else None
        code = failure and failure.code
        if outcome is AttemptOutcome.CANCELLED:
            failure = Cancelled()
        self._tracing.ended(outcome, failure)
        metrics.ended(outcome, recorder.stages, failure)
        if outcome is AttemptOutcome.DROPPED:
            # If the claim was lost with Postgres, the message still stands for the job.
            log.warning("job.dropped", error=code)
            return False
        if outcome.ends_job:
            self._running.ended.set()
            self._reports.ended(claim.job_id)
        else:
            self._reports.changed(claim.job_id)
        log.info(f"job.{outcome}", error=code, stages=_durations(record))
        return outcome is not AttemptOutcome.RELEASED

    async def _store(
        self, claim: Claim, record: AttemptRecord, result: RunResult
    ) -> tuple[AttemptOutcome, RunResult]:
        """Store a result, or that it cannot be stored, which is a bug; return what was stored.

        The outcome is `dropped` if the claim no longer held; nothing was changed then. It is
        `cancelled` if a cancellation was requested that this worker had not yet seen, since the
        job does not run again. It is `crashed` if not even the bug can be stored: the lease runs
        out, so that the rescue counts the attempt.
        """
        stored: Stored
        try:
            ending = self._endings.of(claim, record, result)
            stored = await self._storing.store(ending)
        except ValueError as error:
            stored = Unstorable(type(error).__name__)
        if isinstance(stored, Unstorable):
            log.error("job.unstorable", reason=stored.reason)
            result = Bug()
            ending = self._endings.of(claim, record, result)
            stored = await self._storing.store(ending)
        match stored:
            case Unstorable():
                log.error("job.unstorable", reason=stored.reason)
                return AttemptOutcome.CRASHED, result
            case JobStatus.CANCELLED:
                return AttemptOutcome.CANCELLED, result
            case JobStatus():
                return ending.outcome, result
            case _:
                return AttemptOutcome.DROPPED, result

    def _report_crashed(self, recorder: StageRecorder, reason: str) -> None:
        """Report in the span and the log that the lease has run out, or will.

        The worker that rescues the job records and counts this attempt.
        """
        self._tracing.stages(recorder.stages)
        self._tracing.ended(AttemptOutcome.CRASHED, None)
        log.warning(f"job.{AttemptOutcome.CRASHED}", reason=reason)


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
        # The current trace is that of the carrier, if there is one.
        trace_id=current_trace_id() if claim.trace_carrier else None,
    )


def _durations(record: AttemptRecord) -> dict[str, float]:
    return {stage["name"]: stage["duration_ms"] for stage in record.stages}
