"""Which queues are paused, as Postgres last said."""

import math
import time
from collections.abc import Callable

import structlog

from shared.contracts.features import Queue
from shared.errors import Transient
from shared.store.postgres.database import Database
from shared.store.queues.pauses import paused_queues

log = structlog.get_logger(__name__)


class Pauses:
    """The pauses that a worker knows of. Each heartbeat, and each word of a change, renews them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._paused: frozenset[Queue] = frozenset()
        # When that was asked for.
        self._asked_at = -math.inf
        self._resumed: dict[Queue, Callable[[], None]] = {}

    def paused(self, queue: Queue) -> bool:
        """Return whether the worker must not take messages of a queue."""
        return queue in self._paused

    def on_resumed(self, queue: Queue, call: Callable[[], None]) -> None:
        """Have `call` called when a queue goes on."""
        self._resumed[queue] = call

    def note(self, paused: frozenset[Queue], asked_at: float) -> None:
        """Take note of the queues that are paused, as Postgres answered to a question.

        The question was sent at `asked_at` (of `time.monotonic`). Answers to earlier questions than
        the last that was answered may be older, and change nothing.
        """
        if asked_at < self._asked_at:
            return
        self._asked_at = asked_at
        before, self._paused = self._paused, paused
        for queue in before ^ paused:
            log.info("queue.paused" if queue in paused else "queue.resumed", queue=queue)
        for queue in (before - paused) & self._resumed.keys():
            self._resumed[queue]()

    async def look(self) -> None:
        """Ask Postgres. If it is away, the next heartbeat says how it is."""
        asked_at = time.monotonic()
        try:
            self.note(await paused_queues(self._database.fetch), asked_at)
        except Transient as error:
            log.warning("pauses.unknown", away=True, reason=error.code)
