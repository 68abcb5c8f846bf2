"""Shows the images of jobs, each decoded in a process of its own where that is needed."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from shared.errors import Busy, RecognitionCrashed
from shared.images.headers import HEIC
from shared.images.inspection import PDF
from shared.images.shown import SHOWN_AS, Status
from shared.rejections import ImageNotFound, ImageTooCostly, ImageUnreadable
from shared.settings import Settings
from shared.store.images.reading import StoredImage

# A front shows so many images at once, which bounds its memory, and so many of one tenant, which
# leaves room for others. Whoever comes in addition waits so many seconds.
_AT_ONCE, _OF_TENANT, _PATIENCE = 4, 2, 10
# A process takes at most so many seconds in addition to its CPU time, in which it waits.
_IDLE = 10
# What stands before EXIF or XMP data in a JPEG, a PNG and a WebP. Only these can say that the
# pixels are turned, so other images are shown as they were sent. Browsers do not heed XMP, but the
# reading does.
_TURNED = re.compile(
    rb"Exif\x00\x00|eXIf|EXIF|tiff:Orientation|XML:com\.adobe\.xmp|Raw profile type exif"
)
# How the limit of CPU time ends a process, and how libraries do that get no memory.
_LIMITED = (-signal.SIGXCPU, -signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL)


@dataclass(frozen=True)
class ShownImage:
    """The bytes of an image, and their media type."""

    content: bytes
    media_type: str


class ShownImages:
    """Shows images upright, with the sides in pixels that the boxes of a reading count."""

    def __init__(self, settings: Settings, longest: float | None = None) -> None:
        """Have no place taken. A process may take `longest` seconds: by default, its CPU time and
        some more."""
        self._limits = [settings.max_image_pixels, settings.page_cpu, settings.page_memory]
        self._longest = settings.page_cpu + _IDLE if longest is None else longest
        self._places = asyncio.Semaphore(_AT_ONCE)
        # Those of tenants who show an image or wait to do so.
        self._tenants: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, tenant_id: str) -> AsyncIterator[None]:
        """Wait for a place, in which a tenant's image may be loaded and shown. Raises Busy."""
        own = self._tenants.setdefault(tenant_id, asyncio.Semaphore(_OF_TENANT))
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await taken.enter_async_context(own)
                    await taken.enter_async_context(self._places)
            except TimeoutError as error:
                raise Busy from error
            yield

    async def page(self, stored: StoredImage, number: int) -> ShownImage:
        """Show a page, which counts from 1.

        Raises ImageNotFound for a page that does not exist, ImageUnreadable, ImageTooCostly, Busy
        if the process was held up for too long, and RecognitionCrashed if it ended for no limit.
        """
        if _shows_itself(stored):
            if number != 1:
                raise ImageNotFound
            return ShownImage(stored.content, stored.media_type)
        return ShownImage(await self._decoded(stored, number), SHOWN_AS)

    async def _decoded(self, stored: StoredImage, number: int) -> bytes:
        arguments = map(str, [stored.media_type, number, *self._limits])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "shared.images.showing",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={},
        )
        try:
            async with asyncio.timeout(self._longest):
                shown, _ = await process.communicate(stored.content)
        except TimeoutError as error:
            raise Busy from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == Status.SHOWN:
            return shown
        raise why_not_shown(process.returncode)


def _shows_itself(stored: StoredImage) -> bool:
    return stored.media_type not in (PDF, HEIC) and not _TURNED.search(stored.content)


def why_not_shown(status: int | None) -> Exception:
    """Return the error for an exit status of the process; a negative one is a signal."""
    if status == Status.NO_SUCH_PAGE:
        return ImageNotFound()
    if status == Status.UNREADABLE:
        return ImageUnreadable()
    if status == Status.TOO_COSTLY or status in _LIMITED:
        return ImageTooCostly("The image takes too much time or memory to decode.")
    return RecognitionCrashed()
