"""Acceptance: new jobs are admitted and inserted, those that exist are found, many at once."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from api.admission import Admission
from api.draining import Drain
from shared.contracts.features import Queue
from shared.errors import Draining, QueueFull, ServiceError
from shared.process.batching import Batches
from shared.process.guards.line import Line
from shared.store.hot.accepting import Accepted, NewJob, accept
from shared.store.postgres.database import Database

# Jobs, and characters of payload, of one statement for several callers. A batch of one caller has
# a statement of its own, however large it is.
_MOST = 100
_HEAVIEST = 1_000_000
# One statement is prepared and answered while Postgres flushes another.
_AT_ONCE = 2
# Images that are sent at the same time. The other connections are left to everything else.
_IMAGES_AT_ONCE = 4
# Images that wait for that, in memory, each at most for so many times the patience with Postgres.
_IMAGES_WAITING = 40
_PATIENCES = 4


class Acceptance:
    """Accepts jobs, those of concurrent callers with one statement."""

    def __init__(
        self, database: Database, admission: Admission, draining: Drain, patience: float
    ) -> None:
        """Postgres has `patience` seconds for an answer."""
        self._database = database
        self._admission = admission
        self._draining = draining
        self._batches = Batches(self.accept_all, most=_MOST, heaviest=_HEAVIEST, at_once=_AT_ONCE)
        self._images = Line(_IMAGES_AT_ONCE, most=_IMAGES_WAITING, longest=patience * _PATIENCES)

    async def accept(self, new: NewJob) -> Accepted:
        """Insert a job, or find the one with its keys.

        Raises IdempotencyKeyReused, DatabaseUnavailable, Busy and SchemaBehind, and for a job that
        does not exist yet QueueFull and Draining.
        """
        if new.image is None:
            return await self._batches.add(new, len(new.payload))
        # An image takes long to send, and nobody's item shall wait for that, nor for a connection.
        async with self._images:
            (result,) = await self.accept_all([new])
        if isinstance(result, Exception):
            raise result
        return result

    async def accept_all(self, news: Sequence[NewJob]) -> list[Accepted | Exception]:
        """Do so for several jobs, and return for each the job or the error, in their order.

        One statement inserts them, so that they are committed together; only those that need a
        second look come later. Raises DatabaseUnavailable and SchemaBehind, unless it is known of
        some what became of them; then that is the error of the others only.
        """
        results: dict[UUID, Accepted | Exception] = {}
        waiting = news
        try:
            while waiting:
                results |= await self._settled(waiting)
                waiting = [new for new in waiting if new.id not in results]
        except ServiceError as error:
            if not results:
                raise
            results = {new.id: error for new in news} | results
        return [results[new.id] for new in news]

    async def close(self) -> None:
        """Wait for the statements that are under way."""
        await self._batches.close()

    async def _settled(self, news: Sequence[NewJob]) -> Mapping[UUID, Accepted | Exception]:
        """Return what became of those that were found, inserted or refused, and maybe not of all.

        Whoever is left may have the room that others did not need.
        """
        refused = await self._refused(news)
        accepted = await accept(self._database, news, refused)
        found = {
            new.id: result for new, result in zip(news, accepted, strict=True) if result is not None
        }
        room = self._free(news, refused, found)
        # Whoever has the same key as a job that was just inserted finds that the next time.
        inserted = {_keys(new) for new in news if _is_new(found.get(new.id))}
        full = {
            new.id: refused[new.id]
            for new in news
            if new.id not in found
            and new.id in refused
            and not room[new.feature.queue]
            and not (_has_key(new) and _keys(new) in inserted)
        }
        return found | full

    def _free(
        self,
        news: Sequence[NewJob],
        refused: Container[UUID],
        found: Mapping[UUID, Accepted | Exception],
    ) -> Counter[Queue]:
        """Give back the room of the admitted jobs that were not inserted; return it by queue."""
        room = Counter(
            new.feature.queue
            for new in news
            if new.id not in refused and not _is_new(found.get(new.id))
        )
        for queue, count in room.items():
            self._admission.release(queue, count)
        return room

    async def _refused(self, news: Sequence[NewJob]) -> Mapping[UUID, QueueFull | Draining]:
        """Return the errors of those jobs that must not be inserted, the last ones of each queue.

        They may exist already, and then are found all the same.
        """
        if self._draining.begun:
            return {new.id: Draining() for new in news}
        by_queue: dict[Queue, list[NewJob]] = {}
        for new in news:
            by_queue.setdefault(new.feature.queue, []).append(new)
        refused: dict[UUID, QueueFull | Draining] = {}
        for queue, asking in by_queue.items():
            room = await self._admission.reserve(queue, len(asking))
            if room < len(asking):
                error = await self._admission.refusal(queue)
                refused |= dict.fromkeys((new.id for new in asking[room:]), error)
        return refused


def _is_new(result: Accepted | Exception | None) -> bool:
    return isinstance(result, Accepted) and not result.replayed


def _keys(new: NewJob) -> tuple[str, str | None, str | None]:
    return new.tenant_id, new.idempotency_key, new.content_key


def _has_key(new: NewJob) -> bool:
    return new.idempotency_key is not None or new.content_key is not None
