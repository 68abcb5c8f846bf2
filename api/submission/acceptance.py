"""Acceptance: new jobs are admitted and inserted, those that exist are found, many at once."""

import math
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from api.admission import Admission
from api.backpressure.quotas import Quotas
from api.draining import Drain
from shared.errors import Busy, Draining, ServiceError
from shared.process.batching import Batches
from shared.process.guards.line import Line
from shared.settings import Settings
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
# Images that wait for that, each in memory, and for how many seconds. Large ones are fewer, since
# their bodies take places.
_IMAGES_WAITING, _LONGEST_WAIT = 200, 10.0
# How often a job is sent for which there was room by the numbers, but others took it meanwhile.
_TRIES = 10
# The same of one with an image, which is sent every time.
_TRIES_WITH_IMAGE = 2


class Acceptance:
    """Accepts jobs, those of concurrent callers with one statement."""

    def __init__(
        self, database: Database, admission: Admission, draining: Drain, settings: Settings
    ) -> None:
        self._database = database
        self._admission = admission
        self._quotas = Quotas(database, settings)
        self._draining = draining
        self._batches = Batches(self.accept_all, most=_MOST, heaviest=_HEAVIEST, at_once=_AT_ONCE)
        self._images = Line(_IMAGES_AT_ONCE, most=_IMAGES_WAITING, longest=_LONGEST_WAIT)

    async def accept(self, new: NewJob) -> Accepted:
        """Insert a job, or find the one with its keys.

        Raises IdempotencyKeyReused, DatabaseUnavailable and SchemaBehind, and for a job that does
        not exist yet QueueFull, QuotaExceeded and Draining. Busy: too many images wait to be sent.
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
        waiting, since = news, -math.inf
        try:
            for tries in range(1, _TRIES + 1):
                results |= await self._settled(waiting, since)
                waiting = [
                    new
                    for new in waiting
                    if new.id not in results and (new.image is None or tries < _TRIES_WITH_IMAGE)
                ]
                if not waiting:
                    break
                # New numbers show whether there still is room for these.
                since = time.monotonic()
        except ServiceError as error:
            if not results:
                raise
            results = {new.id: error for new in news} | results
        return [results.get(new.id, Busy()) for new in news]

    async def close(self) -> None:
        """Wait for the statements that are under way."""
        await self._batches.close()

    async def _settled(
        self, news: Sequence[NewJob], since: float
    ) -> Mapping[UUID, Accepted | Exception]:
        """Return what became of those that were found, inserted or refused, and maybe not of all.

        Only the jobs that no job was found for are refused, and by numbers read after `since`.
        """
        gates = await self._gates(news, since)
        ceilings = {id_: gate for id_, gate in gates.items() if isinstance(gate, int)}
        accepted = await accept(self._database, news, ceilings)
        results: dict[UUID, Accepted | Exception] = {}
        for new, result in zip(news, accepted, strict=True):
            gate = gates[new.id]
            if result is not None:
                results[new.id] = result
            elif not isinstance(gate, int):
                results[new.id] = gate
        return results

    async def _gates(
        self, news: Sequence[NewJob], since: float
    ) -> Mapping[UUID, int | ServiceError]:
        """Return for each job the ceiling up to which it may be admitted, or why it may not."""
        if self._draining.begun:
            return {new.id: Draining() for new in news}
        refused = await self._quotas.refused(news)
        asking = dict.fromkeys((new.feature.queue, new.tenant_id) for new in news)
        ceilings = {key: await self._admission.gate(*key, since) for key in asking}
        return {
            new.id: refused.get(new.id, ceilings[new.feature.queue, new.tenant_id]) for new in news
        }
