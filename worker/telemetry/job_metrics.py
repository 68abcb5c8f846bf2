"""What a worker counts and times of the jobs it runs. Always after the row has been stored, so that
nothing is counted which the database does not have."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass, ServiceError
from shared.store.transitions import Claim, Rescued
from shared.telemetry.metrics import DURATIONS, FinishedJobs, exemplar
from worker.pipeline.stages import Stage

_LEASE_EXPIRED = "lease_expired"
_REASONS = (_LEASE_EXPIRED, "message_lost", "message_locked", "message_orphaned")
_CONFIDENCES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)


class JobMetrics:
    """The metrics of jobs, attempts, stages and rescues of one worker."""

    def __init__(self, registry: CollectorRegistry, queues: Sequence[Queue]) -> None:
        """`queues`: those that the worker serves."""
        self._finished = FinishedJobs(registry)
        self._attempts = Counter(
            "ai_job_attempts",
            "Attempts by how they ended; `dropped` ones had been counted as crashed before.",
            ("queue", "feature", "outcome"),
            registry=registry,
        )
        self._rescued = Counter(
            "ai_jobs_rescued",
            "Jobs taken from a dead worker, and messages mended, by reason.",
            ("queue", "reason"),
            registry=registry,
        )
        self._busy = Gauge("ai_worker_busy_slots", "Jobs being run.", ("queue",), registry=registry)
        self._wait = _durations(registry, "wait", "Time that an attempt waited to begin.")
        self._run = _durations(registry, "run", "Time from a claim until its outcome was stored.")
        self._total = _durations(registry, "total", "Time from acceptance to the end of a job.")
        self._stage = Histogram(
            "ai_job_stage_seconds",
            "Time that a stage took.",
            ("feature", "stage"),
            buckets=DURATIONS,
            registry=registry,
        )
        self._confidence = Histogram(
            "ai_ocr_confidence",
            "Mean confidence of what was recognised on a receipt, 0 to 1.",
            buckets=_CONFIDENCES,
            registry=registry,
        )
        # Alerts ask for increments, and a rate() sees none from nothing to 1.
        for feature in Feature:
            for outcome in AttemptOutcome:
                self._attempts.labels(feature.queue, feature, outcome)
        for queue in Queue:
            for reason in _REASONS:
                self._rescued.labels(queue, reason)
        for queue in queues:
            self._busy.labels(queue)

    @contextmanager
    def attempt(self, claim: Claim) -> Iterator["AttemptMetrics"]:
        """One attempt: its slot is busy for the length of the block."""
        queue, feature = claim.feature.queue, claim.feature
        waited = (claim.started_at - claim.queued_at).total_seconds()
        self._wait.labels(queue, feature).observe(max(waited, 0), exemplar())
        with self._busy.labels(queue).track_inprogress():
            yield AttemptMetrics(self, claim)

    def ended(
        self,
        claim: Claim,
        outcome: AttemptOutcome,
        failure: ServiceError | None,
        stages: Sequence[Stage],
        seconds: float,
    ) -> None:
        """Count an attempt that took so many seconds, and its job if that has ended with it.

        A dropped one is counted and nothing else: its times belong to no result.
        """
        queue, feature = claim.feature.queue, claim.feature
        self._attempts.labels(queue, feature, outcome).inc()
        if outcome is AttemptOutcome.DROPPED:
            return
        self._observe_stages(feature, stages)
        self._run.labels(queue, feature).observe(seconds, exemplar())
        if outcome.ends_job:
            self._finished.count(feature, JobStatus(outcome), _class_of(failure))
            # Postgres's clock for what it knows, ours for what we measured: no two are compared.
            before = (claim.started_at - claim.created_at).total_seconds()
            self._total.labels(queue, feature).observe(before + seconds, exemplar())

    def _observe_stages(self, feature: Feature, stages: Sequence[Stage]) -> None:
        for stage in stages:
            seconds = (stage.end_ns - stage.start_ns) / 1e9
            self._stage.labels(feature, stage.name).observe(max(seconds, 0), exemplar())
            if stage.name == "ocr.recognise" and "confidence" in stage.attributes:
                self._confidence.observe(stage.attributes["confidence"], exemplar())

    def rescued(self, job: Rescued) -> None:
        """Count a job whose lease ran out: its attempt has crashed, and the job may have ended."""
        queue, feature, state = Queue(job.queue), Feature(job.feature), JobStatus(job.state)
        self._rescued.labels(queue, _LEASE_EXPIRED).inc()
        self._attempts.labels(queue, feature, AttemptOutcome.CRASHED).inc()
        if state.finished:
            cancelled = state is JobStatus.CANCELLED
            error_class = ErrorClass.CANCELLED if cancelled else ErrorClass.CRASHED
            self._finished.count(feature, state, error_class)

    def repaired(self, queue: Queue, *, resent: int, unlocked: int, removed: int) -> None:
        """Count messages that were sent again, unlocked and removed."""
        self._rescued.labels(queue, "message_lost").inc(resent)
        self._rescued.labels(queue, "message_locked").inc(unlocked)
        self._rescued.labels(queue, "message_orphaned").inc(removed)


class AttemptMetrics:
    """One attempt, timed from its claim on."""

    def __init__(self, metrics: JobMetrics, claim: Claim) -> None:
        self._metrics = metrics
        self._claim = claim
        self._began = time.perf_counter()

    def ended(
        self,
        outcome: AttemptOutcome,
        stages: Sequence[Stage],
        failure: ServiceError | None = None,
    ) -> None:
        """Count the outcome, once it is stored or refused."""
        seconds = time.perf_counter() - self._began
        self._metrics.ended(self._claim, outcome, failure, stages, seconds)


def _durations(registry: CollectorRegistry, what: str, meaning: str) -> Histogram:
    return Histogram(
        f"ai_job_{what}_seconds",
        meaning,
        ("queue", "feature"),
        buckets=DURATIONS,
        registry=registry,
    )


def _class_of(failure: ServiceError | None) -> ErrorClass | None:
    return None if failure is None else failure.error_class
