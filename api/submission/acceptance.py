"""Acceptance: new jobs are admitted and inserted, those that exist are found, many at once."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from api.admission import Admission
from api.backpressure.queue_limits import Excess
from api.backpressure.quotas import Quotas
from api.draining import Drain
from shared.errors import Busy, Draining, ServiceError
from shared.process.batching import Batches
from shared.process.guards.line import Line
from shared.settings import Settings
from shared.store.hot.accepting import Accepted, NewJob
from shared.store.images.keeping import Images
from shared.store.postgres.database import Database

# Jobs, and characters of payload, of one statement for several callers. A batch of one caller has
# a statement of its own, however large it is.
_MOST = 100
_HEAVIEST = 1_000_000
# A statement keeps the count of its queue until it is flushed, and another would only wait for it.
_AT_ONCE = 1
# Images that are sent at the same time. The other connections are left to everything else.
_IMAGES_AT_ONCE = 4
# Images that wait for that, each in memory, and for how many seconds. Large ones are fewer, since
# their bodies take places.
_IMAGES_WAITING, _LONGEST_WAIT = 200, 10.0
# How often a job is sent for which there was room by the numbers, but others took it meanwhile.
_TRIES = 10
# The same of one with an image, which is sent every time.
_TRIES_WITH_IMAGE = 2


@dataclass(frozen=True)
class _Asked:
    """A job to be accepted, and why it may not be inserted, if that is so."""

    new: NewJob
    refused: ServiceError | None


# What became of it. An Excess says why the queue takes no job of its tenant.
_Result: TypeAlias = Accepted | Exception | Excess


class Acceptance:
    """Accepts jobs, those of concurrent callers with one statement."""

    def __init__(
        self,
        database: Database,
        images: Images,
        admission: Admission,
        draining: Drain,
        settings: Settings,
    ) -> None:
        self._database = database
        self._kept = images
        self._admission = admission
        self._quotas = Quotas(database, settings)
        self._draining = draining
        self._batches: Batches[_Asked, Accepted | Excess] = Batches(
            self._accept_all, most=_MOST, heaviest=_HEAVIEST, at_once=_AT_ONCE
        )
        self._images = Line(_IMAGES_AT_ONCE, most=_IMAGES_WAITING, longest=_LONGEST_WAIT)

    async def accept(self, new: NewJob) -> Accepted:
        """Insert a job, or find the one with its keys.

        Raises IdempotencyKeyReused, DatabaseUnavailable and SchemaBehind, and for a job that does
        not exist yet QueueFull, QuotaExceeded and Draining. Busy: too many images wait to be sent.
        """
        # What is counted for one tenant, before and after, holds up no other of the same batch.
        (asked,) = await self._asked([new])
        accepted: _Result
        if new.image is None:
            accepted = await self._batches.add(asked, len(new.payload))
        else:
            # An image takes long to send, and no item shall wait for that, nor for a connection.
            async with self._images:
                (accepted,) = await self._accept_all([asked])
        result = await self._result(new, accepted)
        if isinstance(result, Exception):
            raise result
        return result

    async def accept_all(self, news: Sequence[NewJob]) -> list[Accepted | Exception]:
        """Do so for several jobs, and return for each the job or the error, in their order.

        One statement inserts them, so that they are committed together; only those that need a
        second look come later. Raises DatabaseUnavailable and SchemaBehind, unless it is known of
        some what became of them; then that is the error of the others only.
        """
        results = await self._accept_all(await self._asked(news))
        pairs = zip(news, results, strict=True)
        return list(await asyncio.gather(*(self._result(*pair) for pair in pairs)))

    async def _asked(self, news: Sequence[NewJob]) -> list[_Asked]:
        refused = await self._quotas.refused(news)
        return [_Asked(new, refused.get(new.id)) for new in news]

    async def _result(self, new: NewJob, result: _Result) -> Accepted | Exception:
        """Return the job or the error of the caller."""
        if not isinstance(result, Excess):
            return result
        try:
            return await self._admission.refusal(new.feature.queue, result)
        except ServiceError as error:
            return error

    async def _accept_all(self, jobs: Sequence[_Asked]) -> list[_Result]:
        results: dict[UUID, _Result] = {}
        waiting, since = jobs, -math.inf
        try:
            for tries in range(1, _TRIES + 1):
                results |= await self._settled(waiting, since)
                waiting = [
                    asked
                    for asked in waiting
                    if asked.new.id not in results
                    and (asked.new.image is None or tries < _TRIES_WITH_IMAGE)
                ]
                if not waiting:
                    break
                # New numbers show whether there still is room for these.
                since = time.monotonic()
        except ServiceError as error:
            if not results:
                raise
            results = {asked.new.id: error for asked in jobs} | results
        return [results.get(asked.new.id, Busy()) for asked in jobs]

    async def close(self) -> None:
        """Wait for the statements that are under way."""
        await self._batches.close()

    async def _settled(self, jobs: Sequence[_Asked], since: float) -> Mapping[UUID, _Result]:
        """Return what became of those that were found, inserted or refused, and maybe not of all.

        Only the jobs that no job was found for are refused, and by numbers read after `since`.
        """
        gates = await self._gates(jobs, since)
        news = [asked.new for asked in jobs]
        ceilings = {id_: gate for id_, gate in gates.items() if isinstance(gate, int)}
        accepted = await self._kept.accept(self._database, news, ceilings)
        results: dict[UUID, _Result] = {}
        for new, result in zip(news, accepted, strict=True):
            gate = gates[new.id]
            if result is not None:
                results[new.id] = result
            elif not isinstance(gate, int):
                results[new.id] = gate
        return results

    async def _gates(
        self, jobs: Sequence[_Asked], since: float
    ) -> Mapping[UUID, int | Excess | ServiceError]:
        """Return for each job the ceiling up to which it may be admitted, or why it may not."""
        if self._draining.begun:
            return {asked.new.id: Draining() for asked in jobs}
        asking = dict.fromkeys((asked.new.feature.queue, asked.new.tenant_id) for asked in jobs)
        ceilings = {key: await self._admission.gate(*key, since) for key in asking}
        return {
            asked.new.id: asked.refused or ceilings[asked.new.feature.queue, asked.new.tenant_id]
            for asked in jobs
        }
