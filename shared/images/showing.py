"""A program that makes an image one that browsers show: upright, and neither HEIC nor PDF.

    python -m shared.images.showing MEDIA_TYPE PAGE MAX_PIXELS CPU MEMORY < file > image

The sides in pixels are those that the boxes of a reading count. It runs in a process of its own,
since decoders are native code that works on bytes from strangers. The process may use CPU seconds
and MEMORY bytes, and its exit status is a `Status`.
"""

import io
import os
import resource
import signal
import sys
from contextlib import closing

import pypdfium2

from shared.images.inspection import PDF
from shared.images.opening import opened
from shared.images.pdf_scale import MAX_PAGES, page_scale
from shared.images.shown import Status
from shared.process.parent_death import dying_with_parent
from shared.process.secrecy import drop_environment, forbid_new_privileges
from shared.rejections import ImageTooManyPixels, ImageUnreadable

# Print stays sharp at this quality.
_QUALITY = 90


def main() -> int:
    """Read a file from stdin and write the page that was asked for to stdout."""
    media_type, page, max_pixels, cpu, memory = sys.argv[1], *map(int, sys.argv[2:6])
    content = sys.stdin.buffer.read()
    _confine(cpu, memory)
    try:
        if media_type == PDF:
            shown = _drawn(content, page)
        else:
            shown = _upright(content, media_type, max_pixels) if page == 1 else None
    except (ImageUnreadable, ImageTooManyPixels, pypdfium2.PdfiumError):
        return Status.UNREADABLE
    except MemoryError:
        return Status.TOO_COSTLY
    if shown is None:
        return Status.NO_SUCH_PAGE
    sys.stdout.buffer.write(shown)
    return Status.SHOWN


def _confine(cpu: int, memory: int) -> None:
    """Take away what decoding does not need. Only Linux can do all of it."""
    drop_environment(lambda name: name in {"PATH", "LANG"})
    forbid_new_privileges()
    dying_with_parent(signal.SIGKILL)()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The second number is where the system kills, which would not look like a limit of ours.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _upright(content: bytes, media_type: str, max_pixels: int) -> bytes:
    with opened(content, media_type, max_pixels) as file:
        image = io.BytesIO()
        file.upright().save(image, "JPEG", quality=_QUALITY)
        return image.getvalue()


def _drawn(content: bytes, page: int) -> bytes | None:
    """Draw a page of a PDF; return None if there is no such page."""
    with closing(pypdfium2.PdfDocument(content)) as document:
        if not 1 <= page <= min(len(document), MAX_PAGES):
            return None
        with closing(document[page - 1]) as sheet:
            scale = page_scale(*sheet.get_size())
            with closing(sheet.render(scale=scale)) as bitmap:
                image = io.BytesIO()
                bitmap.to_pil().convert("RGB").save(image, "JPEG", quality=_QUALITY)
                return image.getvalue()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # The libraries' own clean-up is not needed, and native code may crash in it.
    os._exit(status)
