"""Shows the images of jobs, each decoded in a process of its own where that is needed."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.errors import Busy, RecognitionCrashed
from shared.images.headers import HEIC
from shared.images.inspection import PDF
from shared.images.shown import SHOWN_AS, Status
from shared.rejections import ImageNotFound, ImageTooCostly, ImageUnreadable
from shared.settings import Settings
from shared.store.job_images import StoredImage

# A front shows so many images at once, which bounds its memory. Others wait so many seconds.
_AT_ONCE, _PATIENCE = 4, 10
# What stands before EXIF or XMP data in a JPEG, a PNG and a WebP. Only these can say that the
# pixels are turned, so other images are shown as they were sent. Browsers do not heed XMP, but the
# reading does.
_TURNED = re.compile(
    rb"Exif\x00\x00|eXIf|EXIF|tiff:Orientation|XML:com\.adobe\.xmp|Raw profile type exif"
)


@dataclass(frozen=True)
class ShownImage:
    """The bytes of an image, and their media type."""

    content: bytes
    media_type: str


class ShownImages:
    """Shows images upright, with the sides in pixels that the boxes of a reading count."""

    def __init__(self, settings: Settings) -> None:
        self._limits = [settings.max_image_pixels, settings.page_cpu, settings.page_memory]
        self._places = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, in which an image may be loaded and shown. Raises Busy."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._places.acquire()
        except TimeoutError as error:
            raise Busy from error
        try:
            yield
        finally:
            self._places.release()

    async def page(self, stored: StoredImage, number: int) -> ShownImage:
        """Show a page, which counts from 1.

        Raises ImageNotFound for a page that does not exist, ImageUnreadable, ImageTooCostly, and
        RecognitionCrashed if the process was killed.
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
            shown, _ = await process.communicate(stored.content)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == Status.SHOWN:
            return shown
        raise _reason(process.returncode)


def _shows_itself(stored: StoredImage) -> bool:
    return stored.media_type not in (PDF, HEIC) and not _TURNED.search(stored.content)


def _reason(status: int | None) -> Exception:
    if status == Status.NO_SUCH_PAGE:
        return ImageNotFound()
    if status == Status.UNREADABLE:
        return ImageUnreadable()
    # Killed from outside, such as by the system for want of memory.
    if status == -signal.SIGKILL:
        return RecognitionCrashed()
    return ImageTooCostly("The image takes too much time or memory to decode.")
