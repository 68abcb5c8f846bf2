"""Watches the loops that a worker needs: its heartbeat, and the poll of each queue.

A round that fails counts as a round: a restart would not bring back a database or Redis that is
away. A loop is stalled only if it completes no round at all.
"""

import time
from collections.abc import Awaitable, Callable

from shared.contracts.features import Queue

HEARTBEAT = "heartbeat"


class Pulse:
    """Knows when each loop last completed a round."""

    def __init__(self, *, stalled_after: float) -> None:
        """`stalled_after` is how many seconds without a round make a loop stalled."""
        self._stalled_after = stalled_after
        self._turned: dict[str, float] = {}

    def turned(self, loop: str) -> None:
        """Note that a loop has completed a round, or starts; from then on it is watched."""
        self._turned[loop] = time.monotonic()

    def stalled(self) -> list[str]:
        """Return the names of the loops that are stalled."""
        oldest = time.monotonic() - self._stalled_after
        return [loop for loop, turned in self._turned.items() if turned < oldest]

    def heartbeat(self, beat: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return `beat` with each call counted as a round, even if it fails."""

        async def watched() -> None:
            try:
                await beat()
            finally:
                self.turned(HEARTBEAT)

        return watched


def poll_of(queue: Queue) -> str:
    """Return the name of the loop that polls a queue."""
    return f"poll of {queue}"
