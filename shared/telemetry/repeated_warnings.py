"""Limits how often a process warns that a dependency is away: loops try again twice a second."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Hashable

# What these libraries warn of is a collector that is away.
_COLLECTOR = "opentelemetry."
_INTERVAL = 60.0


class OncePerMinute(logging.Filter):
    """Passes each warning that a dependency is away once a minute, and all other records.

    Our own warnings of this kind have the field `away`. Those of OpenTelemetry's libraries count as
    one warning.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: defaultdict[Hashable, float] = defaultdict(lambda: -math.inf)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record passes."""
        warning = _warning(record)
        if warning is None:
            return True
        now = time.monotonic()
        if now - self._passed[warning] < _INTERVAL:
            return False
        self._passed[warning] = now
        return True


def _warning(record: logging.LogRecord) -> Hashable:
    """Return what a record warns of, if that is a dependency that is away; else None."""
    if record.levelno < logging.WARNING:
        return None
    if record.name.startswith(_COLLECTOR):
        return _COLLECTOR
    # structlog passes its fields as the message.
    if isinstance(record.msg, dict) and record.msg.get("away"):
        return record.name, record.msg.get("event"), record.msg.get("dependency")
    return None
