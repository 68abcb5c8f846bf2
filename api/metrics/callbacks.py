"""Gauges of the deliveries of callbacks, the same in every front."""

from prometheus_client import CollectorRegistry, Gauge

from shared.store.callbacks.views import CallbackStats


class CallbackMetrics:
    """Gauges of the deliveries that are pending or dead, as Postgres has them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str) -> Gauge:
            return Gauge(name, meaning, registry=registry)

        self._pending = gauge("ai_callbacks_pending", "Deliveries of callbacks that are pending.")
        self._dead = gauge("ai_callbacks_dead", "Deliveries of callbacks that are dead.")
        self._oldest = gauge(
            "ai_callback_oldest_pending_age_seconds",
            "How long the oldest pending delivery has been pending; 0 when none is.",
        )

    def show(self, stats: CallbackStats | None) -> None:
        """Set every gauge, to NaN if there is no number: one without labels cannot be absent."""
        nothing = float("nan")
        self._pending.set(stats.pending if stats else nothing)
        self._dead.set(stats.dead if stats else nothing)
        self._oldest.set(stats.oldest_age if stats else nothing)
