"""OpenTelemetry's own warnings, rationed: a collector that is away is worth a line, not a storm."""

import logging
import math
import time

_LIBRARY = "opentelemetry."
_INTERVAL = 60.0


class OncePerMinute(logging.Filter):
    """Of all warnings and errors of OpenTelemetry's libraries one passes in a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._last = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record passes."""
        if record.levelno < logging.WARNING or not record.name.startswith(_LIBRARY):
            return True
        now = time.monotonic()
        if now - self._last < _INTERVAL:
            return False
        self._last = now
        return True
