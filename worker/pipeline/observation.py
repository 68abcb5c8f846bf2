"""A reading of a receipt with its evidence: pages, words, and the CPU time and memory it took."""

import io
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from shared.errors import ServiceError
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import UprightPage
from worker.pipeline.ocr.pages import Recognition, load_pages
from worker.pipeline.ocr.pdf import TextPage
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.receipt import Load, ReceiptReading, see, understand
from worker.pipeline.stages import StageRecorder

_JPEG_QUALITY = 60
_PROC = Path("/proc/self")
# "Writing 5 resets the peak resident set size" (proc_pid_clear_refs(5)).
_RESET_PEAK = "5"


@dataclass(frozen=True)
class SeenPage:
    """A page as the engine read it: upright and prepared.

    `jpeg` is None for a page that was read from the text layer of a PDF. `width` and `height` are
    in pixels, and the boxes of `lines` lie within them.
    """

    jpeg: bytes | None
    width: int
    height: int
    lines: Sequence[TextLine]


@dataclass(frozen=True)
class Evidence:
    """The pages that were seen, and what reading them cost.

    `cpu_seconds` covers all threads and processes, and `peak_bytes` is the resident memory of the
    largest process: the child, the fork that loaded the file, or a program that an engine ran.
    """

    pages: Sequence[SeenPage]
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Observation:
    """A reading, or the error in its place, with the evidence."""

    outcome: ReceiptReading | ServiceError
    evidence: Evidence


def observe_receipt(
    content: bytes,
    engine: Callable[[], OcrEngine],
    max_pixels: int,
    recorder: StageRecorder,
    hints: ReadingHints = NO_HINTS,
    load: Load = load_pages,
) -> Observation:
    """Extract a receipt as `extract_receipt` does, but return a ServiceError as the outcome."""
    _reset_peak()
    started, programs = _cpu_seconds(), _programs()
    found: Recognition | None = None
    outcome: ReceiptReading | ServiceError
    try:
        found = see(content, engine(), max_pixels, recorder, load)
        found, outcome = understand(found, engine(), recorder, hints)
    except ServiceError as error:
        outcome = error
    cpu_seconds = _cpu_seconds() - started
    peak_bytes = max(_peak(), _peak_of_programs(since=programs))
    pages = [_seen(page) for page in found.pages] if found else []
    return Observation(outcome, Evidence(pages, cpu_seconds, peak_bytes))


def _seen(page: UprightPage | TextPage) -> SeenPage:
    if isinstance(page, UprightPage):
        return SeenPage(_jpeg(page.pixels), page.pixels.shape[1], page.height, page.lines)
    return SeenPage(None, page.width, page.height, page.lines)


def _jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _programs() -> resource.struct_rusage:
    """Return the usage of all child processes that have ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN)


def _cpu_seconds() -> float:
    programs = _programs()
    return time.process_time() + programs.ru_utime + programs.ru_stime


def _reset_peak() -> None:
    # Where this is forbidden, the peak since the start of the process has to serve.
    with suppress(OSError):
        (_PROC / "clear_refs").write_text(_RESET_PEAK)


def _peak() -> int:
    """Return the peak resident memory of this process in bytes."""
    if not (_PROC / "status").exists():
        return _in_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    status = (_PROC / "status").read_text()
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024


def _peak_of_programs(since: resource.struct_rusage) -> int:
    """Return the peak of the largest child process in bytes, or 0 if none has run since."""
    programs = _programs()
    return _in_bytes(programs.ru_maxrss) if programs.ru_minflt > since.ru_minflt else 0


def _in_bytes(maxrss: int) -> int:
    # Linux reports ru_maxrss in kibibytes, macOS in bytes.
    return maxrss if sys.platform == "darwin" else maxrss * 1024
