"""Which queues have workers, by their rows and by what this front has seen of them before."""

import math
import time
from collections.abc import Mapping

from shared.contracts.features import Queue
from shared.store.queue_stats import QueueStats
from shared.store.workers import REPLACED_WITHIN


class Serving:
    """Remembers the heartbeats of the workers, since their rows may be out of date or gone.

    No heartbeat is stored while Postgres is away, and a worker of 0.1.0 that stops deletes its row.
    """

    def __init__(self) -> None:
        self._failed_at = -math.inf
        # By queue and the id of the worker, when its last heartbeat was (of `time.monotonic`).
        self._seen: dict[Queue, dict[str, float]] = {queue: {} for queue in Queue}

    def note_failure(self) -> None:
        """Note that the rows could not be read."""
        self._failed_at = time.monotonic()

    def note(self, stats: Mapping[Queue, QueueStats]) -> None:
        """Note what the rows say. They know best about the workers that they have."""
        now = time.monotonic()
        for queue, figures in stats.items():
            kept = {id_: at for id_, at in self._seen[queue].items() if _is_recent(at, now)}
            read = {id_: now - age for id_, age in figures.heartbeats.items()}
            self._seen[queue] = {**kept, **read}

    def unserved(self, queue: Queue, stats: QueueStats) -> bool:
        """Return whether it is certain that no worker has served the queue for 15 seconds."""
        now = time.monotonic()
        recent = any(_is_recent(at, now) for at in self._seen[queue].values())
        return not (stats.served or recent or _is_recent(self._failed_at, now))


def _is_recent(moment: float, now: float) -> bool:
    return now - moment < REPLACED_WITHIN
