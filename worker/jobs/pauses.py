"""Which queues are paused, and whether this worker drains, as Postgres last said."""

import math
import time
from collections.abc import Callable

import structlog

from shared.contracts.features import Queue
from shared.errors import Transient
from shared.store.postgres.database import Database
from shared.store.queues.pauses import Standing, standing

log = structlog.get_logger(__name__)


class Pauses:
    """The pauses that a worker knows of. Each heartbeat, and each word of a change, renews them.

    A worker that an operator drains pauses all of its queues, for itself.
    """

    def __init__(self, database: Database, worker_id: str) -> None:
        self._database = database
        self._worker_id = worker_id
        self._standing = Standing()
        # When that was asked for.
        self._asked_at = -math.inf
        self._resumed: dict[Queue, Callable[[], None]] = {}

    def paused(self, queue: Queue) -> bool:
        """Return whether the worker must not take messages of a queue."""
        return self._standing.drains or queue in self._standing.paused

    def on_resumed(self, queue: Queue, call: Callable[[], None]) -> None:
        """Have `call` called when a queue goes on."""
        self._resumed[queue] = call

    @property
    def drains(self) -> bool:
        """Whether an operator asked this worker to take no more messages."""
        return self._standing.drains

    def note(self, standing: Standing, asked_at: float) -> None:
        """Take note of what the worker must not take, as Postgres answered to a question.

        The question was sent at `asked_at` (of `time.monotonic`). Answers to earlier questions than
        the last that was answered may be older, and change nothing.
        """
        if asked_at < self._asked_at:
            return
        self._asked_at = asked_at
        before = {queue for queue in self._resumed if self.paused(queue)}
        last, self._standing = self._standing, standing
        for queue in last.paused ^ standing.paused:
            log.info("queue.paused" if queue in standing.paused else "queue.resumed", queue=queue)
        if last.drains != standing.drains:
            log.info("worker.drained" if standing.drains else "worker.resumed")
        for queue in before:
            if not self.paused(queue):
                self._resumed[queue]()

    async def look(self) -> None:
        """Ask Postgres. If it is away, the next heartbeat says how it is."""
        asked_at = time.monotonic()
        try:
            self.note(await standing(self._database.fetch, self._worker_id), asked_at)
        except Transient as error:
            log.warning("pauses.unknown", away=True, reason=error.code)
