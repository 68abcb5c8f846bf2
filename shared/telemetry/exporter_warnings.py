"""Limits how often OpenTelemetry's own warnings are logged while a collector is away."""

import logging
import math
import time

_LIBRARY = "opentelemetry."
_INTERVAL = 60.0


class OncePerMinute(logging.Filter):
    """Passes one warning or error of OpenTelemetry's libraries a minute, and all other records."""

    def __init__(self) -> None:
        super().__init__()
        self._last = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record passes."""
        if record.levelno < logging.WARNING or not record.name.startswith(_LIBRARY):
            return True
        now = time.monotonic()
        if now - self._last < _INTERVAL:
            return False
        self._last = now
        return True
