"""Counts and times the attempts of a worker to deliver callbacks."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.contracts.callbacks import CallbackEvent
from shared.telemetry.metrics import DURATIONS, exemplar


class DeliveryOutcome(StrEnum):
    """How an attempt to deliver a callback ended."""

    # The receiver answered with a status of 2xx.
    DELIVERED = "delivered"
    # The attempt failed, and another is due later.
    RETRIED = "retried"
    # The attempt failed, and there is no other: the receiver answered 410, or a day has passed.
    DEAD = "dead"


class CallbackMetrics:
    """Metrics of the callbacks that one worker sends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "ai_callback_deliveries",
            "Attempts to deliver a callback, by outcome: delivered, retried, dead.",
            ("event", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "ai_callback_delivery_seconds",
            "Duration of an attempt to deliver a callback, answered or not.",
            buckets=DURATIONS,
            registry=registry,
        )
        # Alerts use rate(), which sees no increment when a series appears with the value 1.
        for event in CallbackEvent:
            for outcome in DeliveryOutcome:
                self._attempts.labels(event, outcome)

    def attempted(self, event: CallbackEvent, outcome: DeliveryOutcome, seconds: float) -> None:
        """Count an attempt that took `seconds`."""
        self._attempts.labels(event, outcome).inc()
        self._seconds.observe(seconds, exemplar())
