"""Holds the spans of an attempt back until that of the attempt itself has ended.

The spans below it end earlier and would be sent earlier. If the worker is killed meanwhile, they
would stay in the trace without their parent, which is never sent.
"""

from dataclasses import dataclass, field
from threading import Lock

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind


@dataclass
class _Attempt:
    """An attempt whose span is open, and the spans below it that have ended."""

    below: list[ReadableSpan] = field(default_factory=list)
    ended: bool = False


class WholeAttempts(SpanProcessor):
    """Passes spans on to another processor: those of an attempt all at once, others as they end."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following
        self._lock = Lock()
        # The attempts by the ids of all their open spans, which any thread may end.
        self._open: dict[int, _Attempt] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note to which attempt the span belongs. The CONSUMER span is that of the attempt."""
        self._following.on_start(span, parent_context)
        if span.context is None:
            return
        with self._lock:
            if span.kind is SpanKind.CONSUMER:
                self._open[span.context.span_id] = _Attempt()
            elif span.parent and (attempt := self._open.get(span.parent.span_id)):
                self._open[span.context.span_id] = attempt

    def on_end(self, span: ReadableSpan) -> None:
        """Pass the span on, or keep it until its attempt ends."""
        for ended in self._complete(span):
            self._following.on_end(ended)

    def shutdown(self) -> None:
        """Send what was passed on, and end."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what was passed on within so many milliseconds; return whether that succeeded."""
        return self._following.force_flush(timeout_millis)

    def _complete(self, span: ReadableSpan) -> list[ReadableSpan]:
        """Return the spans that this end completes, the parent first."""
        if span.context is None:
            return [span]
        with self._lock:
            attempt = self._open.pop(span.context.span_id, None)
            if attempt is None or attempt.ended:
                return [span]
            if span.kind is not SpanKind.CONSUMER:
                attempt.below.append(span)
                return []
            attempt.ended = True
            return [span, *attempt.below]
