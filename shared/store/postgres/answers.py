"""Distinguishes a Postgres that is away from one that answers others while this caller waits."""

import math
import time

from shared.errors import Busy, DatabaseUnavailable


class Answers:
    """When Postgres last answered anybody in this process, by `time.monotonic`."""

    def __init__(self) -> None:
        self._latest = -math.inf

    def note(self) -> None:
        """Take note that Postgres answers now."""
        self._latest = time.monotonic()

    def too_late(self, asked_at: float | None) -> DatabaseUnavailable:
        """Return the error of a wait for the answer to what was asked at `asked_at`, or for us.

        It is Busy if Postgres answered anybody meanwhile, and if Postgres was asked for nothing.
        """
        if asked_at is None or self._latest > asked_at:
            return Busy()
        return DatabaseUnavailable()
