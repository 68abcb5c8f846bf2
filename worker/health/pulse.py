"""What must go round in a worker for it to be of use: its heartbeat, and the poll of each queue.

A round that fails is a round: a worker whose database or Redis is away waits, and a restart would
not bring them back. Only a part that does not come round at all, for whatever reason, is stalled.
"""

import time
from collections.abc import Awaitable, Callable

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable

HEARTBEAT = "heartbeat"


class Pulse:
    """When each part last came round."""

    def __init__(self, *, stalled_after: float) -> None:
        """`stalled_after`: how many seconds without a round make a part stalled."""
        self._stalled_after = stalled_after
        self._turned: dict[str, float] = {}

    def turned(self, part: str) -> None:
        """It came round, or begins; from here on it has to."""
        self._turned[part] = time.monotonic()

    def stalled(self) -> list[str]:
        """The parts that have not come round for too long."""
        oldest = time.monotonic() - self._stalled_after
        return [part for part, turned in self._turned.items() if turned < oldest]

    def heartbeat(self, beat: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """`beat`, watched."""

        async def watched() -> None:
            try:
                await beat()
            finally:
                self.turned(HEARTBEAT)

        return watched

    def broker(
        self, ping: Callable[[], Awaitable[None]], queues: tuple[Queue, ...]
    ) -> Callable[[], Awaitable[None]]:
        """`ping`, and an excuse for the polls when it says that Redis is away: their connections
        wait for Redis inside a round, however long that takes."""

        async def asked() -> None:
            try:
                await ping()
            except BrokerUnavailable:
                for queue in queues:
                    self.turned(poll_of(queue))
                raise

        return asked


def poll_of(queue: Queue) -> str:
    """The name of the part that polls a queue."""
    return f"poll of {queue}"
