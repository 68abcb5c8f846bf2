"""Keeps the images of jobs: in Postgres with the row, or in the object store of IMAGE_STORE.

With an object store, the object is stored first and the row with its reference after it. So a row
never names an object that was not there, and what remains of a submission that was not accepted is
an object that no row names, which `sweeping` deletes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from shared.image_errors import ImageStoreUnavailable, ImageStoreUnknown
from shared.rejections import IdempotencyKeyReused
from shared.store.hot.accepting import Acceptance, Accepted, NewJob, accept
from shared.store.images.image_settings import POSTGRES, ImageSettings
from shared.store.images.reference import ImageReference, key_of
from shared.store.postgres.database import Database
from shared.telemetry.described_errors import describe

if TYPE_CHECKING:
    from shared.store.images.objects import ObjectStore

log = structlog.get_logger(__name__)

# Images that a process stores at the same time.
_AT_ONCE = 4


class Images:
    """The images of jobs. `objects` is the object store; None if Postgres has the images."""

    def __init__(self, objects: "ObjectStore | None" = None) -> None:
        self.objects = objects
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def accept(
        self, database: Database, news: Sequence[NewJob], ceilings: Mapping[UUID, int]
    ) -> list[Acceptance]:
        """Insert or find a job for each of `news`, as `hot.accepting.accept` does.

        With an object store, the image of a job that does not exist yet is stored first. If that
        fails, the error of the job is ImageStoreUnavailable.
        """
        if self.objects is None:
            return await accept(database, news, ceilings)
        asking = [new for new in news if new.image is not None and new.id in ceilings]
        if not asking:
            return await accept(database, news, ceilings)
        kept = await self._keep_missing(self.objects, database, asking)
        ready = _ready(news, kept)
        accepted = await accept(database, ready, ceilings) if ready else []
        results: dict[UUID, Acceptance] = {
            **{id_: known for id_, known in kept.items() if not isinstance(known, ImageReference)},
            **dict(zip((new.id for new in ready), accepted, strict=True)),
        }
        await self._forget_losers(ready, results)
        return [results[new.id] for new in news]

    async def read(self, reference: ImageReference) -> bytes:
        """Return the image of a reference.

        Raises ImageStoreUnavailable, ImageStoreUnknown and ImageLost.
        """
        if self.objects is None:
            raise ImageStoreUnknown
        return await self.objects.get(reference)

    async def forget(self, urls: Sequence[str]) -> None:
        """Delete objects. Raises ImageStoreUnavailable and ImageStoreUnknown."""
        if not urls:
            return
        if self.objects is None:
            raise ImageStoreUnknown
        await self.objects.delete(self.objects.keys(urls))

    async def forget_or_log(self, urls: Sequence[str]) -> None:
        """Delete objects that no row names any more; log what fails, which the sweep deletes."""
        try:
            await self.forget(urls)
        except ImageStoreUnknown:
            log.error("images.stranded", images=len(urls))  # noqa: TRY400
        except ImageStoreUnavailable as error:
            log.warning("images.left_to_sweep", images=len(urls), reason=describe(error.__cause__))

    async def check(self) -> None:
        """Ask the object store something cheap. Raises ImageStoreUnavailable."""
        if self.objects is not None:
            await self.objects.check()

    async def _keep_missing(
        self, objects: "ObjectStore", database: Database, news: Sequence[NewJob]
    ) -> dict[UUID, ImageReference | Accepted | Exception]:
        """Store the images of those jobs that do not exist yet; return what became of each job.

        A job that exists is what this look has found: a second look might find it no more, and
        would insert a job without an image.
        """
        found = await accept(database, news, {})
        known = {new.id: job for new, job in zip(news, found, strict=True) if job is not None}
        missing = [new for new in news if new.id not in known]
        kept = await asyncio.gather(*(self._keep(objects, new) for new in missing))
        return {**known, **dict(zip((new.id for new in missing), kept, strict=True))}

    async def _keep(
        self, objects: "ObjectStore", new: NewJob
    ) -> ImageReference | ImageStoreUnavailable:
        try:
            async with self._places:
                return await objects.put(key_of(new.tenant_id, new.id), new.image or b"")
        except ImageStoreUnavailable as error:
            return error

    async def _forget_losers(
        self, news: Sequence[NewJob], results: Mapping[UUID, Acceptance]
    ) -> None:
        """Delete the images of jobs of which it is known that they were not inserted.

        Others may have been, though no answer came.
        """
        await self.forget_or_log(
            [
                new.reference.url
                for new in news
                if new.reference is not None and not _maybe_inserted(results[new.id])
            ]
        )


@asynccontextmanager
async def opened_images(settings: ImageSettings) -> AsyncIterator[Images]:
    """Yield the images of IMAGE_STORE, and close the object store when the block ends."""
    if settings.image_store == POSTGRES:
        yield Images()
        return
    # The library is loaded only where there is an object store.
    from shared.store.images.objects import ObjectStore  # noqa: PLC0415

    objects = ObjectStore(
        settings.image_store,
        endpoint=settings.aws_endpoint_url,
        timeout=settings.image_store_timeout,
    )
    try:
        yield Images(objects)
    finally:
        await objects.close()


def _ready(
    news: Sequence[NewJob], kept: Mapping[UUID, ImageReference | Accepted | Exception]
) -> list[NewJob]:
    """Return the jobs whose images are stored, and those that have none or may not be inserted."""
    ready = []
    for new in news:
        match kept.get(new.id):
            case ImageReference() as reference:
                ready.append(replace(new, image=None, reference=reference))
            case None:
                ready.append(replace(new, image=None))
    return ready


def _maybe_inserted(result: Acceptance) -> bool:
    match result:
        case None | IdempotencyKeyReused():
            return False
        case Accepted():
            return not result.replayed
        case _:
            return True
