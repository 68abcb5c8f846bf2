"""Judges the alerts of Prometheus that can be judged from what a front reads anyway.

The names, thresholds and severities are those of config/prometheus/rules/alerts.yml.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.contracts.features import Queue
from shared.contracts.service.queues import QueueView
from shared.store.callbacks.views import CallbackStats
from shared.store.figures.samples import RecentFailures

# Seconds for which the oldest job of a queue may wait.
_OLDEST = {Queue.ITEMS: 30.0, Queue.RECEIPTS: 300.0}


@dataclass(frozen=True)
class Rule:
    """An alert that is judged here: its severity, what it compares with, and for how long.

    `lasting` is for how many seconds the condition has to last, where it is known since when it
    has; where that is not known the alert is shown at once.
    """

    severity: str
    thresholds: tuple[float, ...]
    lasting: float = 0


JUDGED = {
    "OldestJobTooOld": Rule("critical", tuple(_OLDEST.values()), 60),
    "NoWorkers": Rule("critical", (0,), 60),
    "FailureRatioHigh": Rule("critical", (0.05,), 300),
    "NewDeadLetters": Rule("warning", (0,)),
    "BrokerGap": Rule("warning", (5,), 120),
    "CallbacksLate": Rule("warning", (900,), 60),
    "DependencyDown": Rule("critical", (0,), 30),
}
# The others, each with the reason.
NOT_JUDGED = {
    "QueueGrowing": "A rate over ten minutes is for Prometheus; the lines of the queues show it.",
    "WorkerStalled": "Only a scrape of the worker shows it; the page of the workers says late.",
    "JobsRescued": "Only the workers count what they rescue.",
    "MessagesRepaired": "Only the workers count the messages that they send again.",
    "BrokerForeignKeys": "Only the workers count what they move aside.",
    "ReconcilerStale": "Only the workers know when they last repaired something.",
    "SubmissionsRejected": "Each front counts its own refusals; the queues show if they accept.",
    "CallbacksDead": "Only the workers count what they give up; the overview counts dead ones.",
    "ScrapeDown": "It is about Prometheus.",
    "ScrapeMissing": "It is about Prometheus.",
}


@dataclass(frozen=True)
class QueueFigures:
    """What alerts about a queue are judged by. `gap` is None while Redis does not answer."""

    view: QueueView
    gap: int | None
    failures: RecentFailures


@dataclass(frozen=True)
class Alert:
    """An alert that fires, since when if that is known, and where the runbook has its section."""

    name: str
    severity: str
    summary: str
    since: datetime | None

    @property
    def runbook(self) -> str:
        """The section of the runbook."""
        return f"docs/runbook.md#{self.name.lower()}"


def firing(
    queues: Sequence[QueueFigures], missing: Sequence[str], callbacks: CallbackStats | None
) -> list[Alert]:
    """Return the alerts that fire, the critical ones first. `missing` are the dependencies."""
    now = datetime.now(UTC)
    found = [alert for queue in queues for alert in _of_queue(queue, now)]
    found += [
        _alert("DependencyDown", f"This front does not reach its {name}.") for name in missing
    ]
    late = JUDGED["CallbacksLate"].thresholds[0]
    if callbacks is not None and callbacks.oldest_age > late:
        since = now - timedelta(seconds=callbacks.oldest_age - late)
        found.append(_alert("CallbacksLate", "A callback has been pending for long.", since))
    lasting = [alert for alert in found if _has_lasted(alert, now)]
    return sorted(lasting, key=lambda alert: alert.severity)


def _of_queue(queue: QueueFigures, now: datetime) -> Iterator[Alert]:
    view, failures = queue.view, queue.failures
    too_long = view.oldest_age - _OLDEST[view.queue]
    if too_long > 0:
        since = now - timedelta(seconds=too_long)
        yield _alert("OldestJobTooOld", f"A job has waited too long on {view.queue}.", since)
    if view.workers == 0:
        yield _alert("NoWorkers", f"No worker serves {view.queue}.")
    ratio = failures.failed / failures.finished if failures.finished else 0
    if ratio > JUDGED["FailureRatioHigh"].thresholds[0]:
        summary = f"{ratio:.0%} of the jobs on {view.queue} fail."
        yield _alert("FailureRatioHigh", summary)
    if failures.dead:
        summary = f"Jobs on {view.queue} have failed for good: {failures.dead}."
        yield _alert("NewDeadLetters", summary, failures.since)
    if queue.gap is not None and queue.gap > JUDGED["BrokerGap"].thresholds[0]:
        yield _alert("BrokerGap", f"Jobs on {view.queue} have no message in Redis: {queue.gap}.")


def _alert(name: str, summary: str, since: datetime | None = None) -> Alert:
    return Alert(name, JUDGED[name].severity, summary, since)


def _has_lasted(alert: Alert, now: datetime) -> bool:
    if alert.since is None:
        return True
    return (now - alert.since).total_seconds() >= JUDGED[alert.name].lasting
