"""A receipt with the evidence: the pages as the engine saw them, its words, and what it cost."""

import io
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from shared.errors import ServiceError
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import UprightPage
from worker.pipeline.ocr.pages import Recognition
from worker.pipeline.ocr.pdf import TextPage
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.receipt import ReceiptReading, see, understand
from worker.pipeline.stages import OnPage, StageRecorder, unwatched

_JPEG_QUALITY = 60
_PROC = Path("/proc/self")
# "Writing 5 resets the peak resident set size" (proc_pid_clear_refs(5)).
_RESET_PEAK = "5"


@dataclass(frozen=True)
class SeenPage:
    """A page, upright and prepared as it was read. `jpeg` is None for the text layer of a PDF.
    Width and height in pixels; the boxes of `lines` lie within."""

    jpeg: bytes | None
    width: int
    height: int
    lines: Sequence[TextLine]


@dataclass(frozen=True)
class Evidence:
    """What was seen, and the cost: seconds of CPU on all threads, resident memory at most; with
    those of the programs that an engine runs."""

    pages: Sequence[SeenPage]
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Observation:
    """A reading, or why there is none, with its evidence."""

    outcome: ReceiptReading | ServiceError
    evidence: Evidence


def observe_receipt(
    content: bytes,
    engine: Callable[[], OcrEngine],
    max_pixels: int,
    recorder: StageRecorder,
    on_page: OnPage = unwatched,
) -> Observation:
    """As `extract_receipt`; but an error that it would raise is the outcome."""
    _reset_peak()
    started, programs = _cpu_seconds(), _programs()
    found: Recognition | None = None
    outcome: ReceiptReading | ServiceError
    try:
        found = see(content, engine(), max_pixels, recorder, on_page)
        outcome = understand(found, recorder)
    except ServiceError as error:
        outcome = error
    cpu_seconds = _cpu_seconds() - started
    peak_bytes = _peak() + _peak_of_programs(since=programs)
    pages = [_seen(page) for page in found.pages] if found else []
    return Observation(outcome, Evidence(pages, cpu_seconds, peak_bytes))


def _seen(page: UprightPage | TextPage) -> SeenPage:
    if isinstance(page, UprightPage):
        return SeenPage(_jpeg(page.pixels), page.pixels.shape[1], page.height, page.lines)
    width = max(word.right for line in page.lines for word in line.words)
    return SeenPage(None, round(width), page.height, page.lines)


def _jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _programs() -> resource.struct_rusage:
    """Of all the programs that ran in this process and have ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN)


def _cpu_seconds() -> float:
    programs = _programs()
    return time.process_time() + programs.ru_utime + programs.ru_stime


def _reset_peak() -> None:
    # Where this is forbidden, the peak is that since the process began.
    with suppress(OSError):
        (_PROC / "clear_refs").write_text(_RESET_PEAK)


def _peak() -> int:
    """Of this process, in bytes."""
    if not (_PROC / "status").exists():
        return _in_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    status = (_PROC / "status").read_text()
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024


def _peak_of_programs(since: resource.struct_rusage) -> int:
    """Of the largest program, in bytes; 0 where none has touched memory since."""
    programs = _programs()
    return _in_bytes(programs.ru_maxrss) if programs.ru_minflt > since.ru_minflt else 0


def _in_bytes(maxrss: int) -> int:
    """Linux counts in kibibytes, macOS in bytes."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024
