"""Acceptance: new jobs are admitted and inserted, those that exist are found, many at once."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from api.admission import Admission
from api.draining import Drain
from shared.contracts.features import Queue
from shared.errors import Draining, QueueFull
from shared.process.batching import Batches
from shared.store.hot.accepting import Accepted, NewJob, accept
from shared.store.postgres.database import Database

# Jobs, and characters of payload, of one statement for several callers.
_MOST = 100
_HEAVIEST = 1_000_000
# One statement is prepared and answered while Postgres flushes another.
_AT_ONCE = 2


class Acceptance:
    """Accepts jobs, those of concurrent callers with one statement."""

    def __init__(self, database: Database, admission: Admission, draining: Drain) -> None:
        self._database = database
        self._admission = admission
        self._draining = draining
        self._batches = Batches(self._accept, most=_MOST, heaviest=_HEAVIEST, at_once=_AT_ONCE)

    async def accept(self, new: NewJob) -> Accepted:
        """Insert a job, or find the one with its keys.

        Raises IdempotencyKeyReused, DatabaseUnavailable and SchemaBehind, and for a job that does
        not exist yet QueueFull and Draining.
        """
        if new.image is None:
            return await self._batches.add(new, len(new.payload))
        # An image takes long to send, and nobody's item shall wait for that.
        (result,) = await self._accept([new])
        if isinstance(result, Exception):
            raise result
        return result

    async def accept_all(self, news: Sequence[NewJob]) -> list[Accepted | Exception]:
        """Do so for several jobs, and return for each the job or the error, in their order.

        All are committed before the return, together unless their payloads are very long. Raises
        DatabaseUnavailable and SchemaBehind.
        """
        results: list[Accepted | Exception] = []
        for chunk in _chunks(news):
            results += await self._accept(chunk)
        return results

    async def close(self) -> None:
        """Wait for the statements that are under way."""
        await self._batches.close()

    async def _accept(self, news: Sequence[NewJob]) -> list[Accepted | Exception]:
        results: dict[UUID, Accepted | Exception] = {}
        waiting = news
        while waiting:
            refused = await self._refused(waiting)
            accepted = await accept(self._database, waiting, refused)
            found = {
                new.id: result
                for new, result in zip(waiting, accepted, strict=True)
                if result is not None
            }
            room = self._free(waiting, refused, found)
            # Some needed no room, for their jobs exist. Others may have that, unless there is none.
            full = {id_: error for id_, error in refused.items() if id_ not in found}
            results |= found | {
                new.id: full[new.id]
                for new in waiting
                if new.id in full and not room[new.feature.queue]
            }
            waiting = [new for new in waiting if new.id not in results]
        return [results[new.id] for new in news]

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


def _chunks(news: Sequence[NewJob]) -> list[list[NewJob]]:
    """Return the jobs in statements whose payloads are not too long for one."""
    chunks: list[list[NewJob]] = []
    weight = _HEAVIEST
    for new in news:
        weight += len(new.payload)
        if weight > _HEAVIEST:
            chunks.append([])
            weight = len(new.payload)
        chunks[-1].append(new)
    return chunks
