"""Counts and times the jobs of a worker.

Metrics are updated after the row is stored, so that they never show what the database does not
have.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass, ServiceError
from shared.store.hot.claiming import Claim
from shared.store.transitions import Rescued
from shared.telemetry.metrics import DURATIONS, FinishedJobs, exemplar
from worker.pipeline.stages import Stage

_LOST, _LOCKED, _ORPHANED = "lost", "locked", "orphaned"
_CATEGORIZATION = ("categorize_item",)
# The stages of each feature.
_STAGES: Mapping[Feature, Sequence[str]] = {
    Feature.RECEIPT_EXTRACTION: (
        *("ocr.preprocess", "ocr.recognise", "receipt.parse", "ocr.second_look"),
        *_CATEGORIZATION,
    ),
    Feature.CATEGORIZATION: _CATEGORIZATION,
    Feature.CATEGORIZATION_BATCH: _CATEGORIZATION,
    Feature.EMBEDDING: ("embed_texts",),
}
_CONFIDENCES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)


class JobMetrics:
    """Metrics of the jobs, attempts, stages and rescues of one worker."""

    def __init__(self, registry: CollectorRegistry, queues: Sequence[Queue]) -> None:
        """`queues` are the queues that the worker serves."""
        self._finished = FinishedJobs(registry)
        self._attempts = Counter(
            "ai_job_attempts",
            "Attempts by outcome; a dropped one no longer held its claim and changed nothing.",
            ("queue", "feature", "outcome"),
            registry=registry,
        )
        self._rescued = Counter(
            "ai_jobs_rescued",
            "Jobs taken over from a worker that died or lost its lease.",
            ("queue",),
            registry=registry,
        )
        self._repaired = Counter(
            "ai_messages_repaired",
            "Messages that were sent again, unlocked or removed, by what was wrong with them.",
            ("queue", "reason"),
            registry=registry,
        )
        self._foreign = Counter(
            "ai_broker_foreign",
            "Keys of ours in Redis that held something else, and were moved aside.",
            ("queue",),
            registry=registry,
        )
        self._skipped = Counter(
            "ai_outbox_skipped",
            "Messages that could not be sent though Redis answered; they are tried again.",
            ("queue",),
            registry=registry,
        )
        self._busy = Gauge("ai_worker_busy_slots", "Running jobs.", ("queue",), registry=registry)
        self._wait = _durations(registry, "wait", "Time from a job being due to its claim.")
        self._run = _durations(registry, "run", "Time from a claim until its outcome was stored.")
        self._total = _durations(registry, "total", "Time from acceptance to the end of a job.")
        self._stage = Histogram(
            "ai_job_stage_seconds",
            "Duration of a stage.",
            ("feature", "stage"),
            buckets=DURATIONS,
            registry=registry,
        )
        self._confidence = Histogram(
            "ai_ocr_confidence",
            "Mean confidence of the lines recognised on a receipt, 0 to 1.",
            buckets=_CONFIDENCES,
            registry=registry,
        )
        self._show_all(queues)

    def _show_all(self, queues: Sequence[Queue]) -> None:
        """Show every series at 0: rate() sees no increment when one appears with the value 1."""
        for feature in Feature:
            if feature.queue in queues:
                self._show_durations(feature)
            for outcome in AttemptOutcome:
                self._attempts.labels(feature.queue, feature, outcome)
        for queue in Queue:
            self._foreign.labels(queue)
            self._skipped.labels(queue)
            self._rescued.labels(queue)
            for reason in (_LOST, _LOCKED, _ORPHANED):
                self._repaired.labels(queue, reason)
        for queue in queues:
            self._busy.labels(queue)

    def _show_durations(self, feature: Feature) -> None:
        for durations in (self._wait, self._run, self._total):
            durations.labels(feature.queue, feature)
        for stage in _STAGES[feature]:
            self._stage.labels(feature, stage)

    @contextmanager
    def attempt(self, claim: Claim) -> Iterator["AttemptMetrics"]:
        """Count the slot of an attempt as busy while the block runs; yields its metrics."""
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
        """Count an attempt that took `seconds`, and its job if the job has ended.

        The times of a dropped attempt are not observed, since they belong to no result.
        """
        queue, feature = claim.feature.queue, claim.feature
        self._attempts.labels(queue, feature, outcome).inc()
        if outcome is AttemptOutcome.DROPPED:
            return
        self._observe_stages(feature, stages)
        self._run.labels(queue, feature).observe(seconds, exemplar())
        if outcome.ends_job:
            self._finished.count(feature, JobStatus(outcome), _class_of(failure))
            # The two clocks are never compared: Postgres measured the time up to the claim, and we
            # measured the time since.
            before = (claim.started_at - claim.created_at).total_seconds()
            self._total.labels(queue, feature).observe(before + seconds, exemplar())

    def _observe_stages(self, feature: Feature, stages: Sequence[Stage]) -> None:
        for stage in stages:
            seconds = (stage.end_ns - stage.start_ns) / 1e9
            self._stage.labels(feature, stage.name).observe(max(seconds, 0), exemplar())
            if stage.name == "ocr.recognise" and "confidence" in stage.attributes:
                self._confidence.observe(stage.attributes["confidence"], exemplar())

    def rescued(self, job: Rescued) -> None:
        """Count a rescue, the attempt that crashed, and the job if that has ended."""
        self._rescued.labels(job.queue).inc()
        self._attempts.labels(job.queue, job.feature, AttemptOutcome.CRASHED).inc()
        if job.state.finished:
            cancelled = job.state is JobStatus.CANCELLED
            error_class = ErrorClass.CANCELLED if cancelled else ErrorClass.CRASHED
            self._finished.count(job.feature, job.state, error_class)

    def repaired(
        self,
        queue: Queue,
        *,
        resent: int = 0,
        unlocked: int = 0,
        removed: int = 0,
        moved: int = 0,
    ) -> None:
        """Count the messages that were sent again, unlocked and removed, and the keys that were
        moved aside."""
        self._repaired.labels(queue, _LOST).inc(resent)
        self._repaired.labels(queue, _LOCKED).inc(unlocked)
        self._repaired.labels(queue, _ORPHANED).inc(removed)
        self._foreign.labels(queue).inc(moved)

    def skipped(self, queue: Queue, messages: int) -> None:
        """Count messages of the outbox that could not be sent, and will be tried again."""
        self._skipped.labels(queue).inc(messages)


class AttemptMetrics:
    """Times one attempt from its claim, and counts how it ends."""

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
        """Count the outcome after it was stored or refused."""
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
