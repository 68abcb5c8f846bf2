"""Runs inside a recognition child, so it imports no telemetry, no queue and no database."""

import ctypes
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import cv2

from shared.contracts.receipts.requests import ReadingHints
from shared.contracts.service.components import OcrEngineName, OcrPrecision
from shared.errors import EngineUnavailable, ServiceError
from shared.process.opt_outs import OPT_OUTS
from shared.process.parent_death import dying_with_parent
from shared.process.secrecy import drop_environment, forbid_new_privileges
from worker.pipeline.observation import Observation, observe_receipt
from worker.pipeline.ocr.confined import PageLimits, is_out_of_memory, load_confined
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine
from worker.pipeline.receipt import Load, ReceiptReading, extract_receipt, prepare_reading
from worker.pipeline.stages import OnReport, Stage, StageRecorder

# All that libraries may look for in the environment: a hostile file may come to read the rest.
_KEPT = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", *OPT_OUTS}
_KEPT_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "ORT_", "MALLOC_", "TESSDATA_")

# If memory runs out, Linux ends the process with the highest score, which is 1000 at most. A child
# is expendable, and the worker is not.
_OOM_SCORE, _FIRST = Path("/proc/self/oom_score_adj"), "1000"


@dataclass(frozen=True)
class EngineChoice:
    """The engine that a child loads: the settings OCR_ENGINE and OCR_PRECISION."""

    name: OcrEngineName
    precision: OcrPrecision = OcrPrecision.INT8


@dataclass(frozen=True)
class FileLimits:
    """The largest image that is read, in pixels, and what loading one page may take."""

    max_pixels: int
    page: PageLimits


def start(parent: int, engine: EngineChoice, memory: int, scratch: str) -> None:
    """Prepare the process: it dies with its parent, dies at once on SIGTERM, and loads the engine.

    It loses the environment but for what libraries need, and cannot gain rights. `memory` limits
    the data that the process may allocate, in bytes; if the machine or the container has none left,
    the process ends before the worker does. Temporary files go to `scratch`, where the
    parent removes what a killed child leaves.
    """
    drop_environment(lambda name: name in _KEPT or name.startswith(_KEPT_PREFIXES))
    forbid_new_privileges()
    tempfile.tempdir = scratch
    # The default action ends a process even inside a library's long call; a handler would not.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    dying_with_parent(signal.SIGKILL)()
    # There is one child per core.
    cv2.setNumThreads(1)
    if sys.platform.startswith("linux"):
        # The parent may have died before we asked.
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        _OOM_SCORE.write_text(_FIRST)
    # `ready` and every job report what is missing; an error here would only crash the child.
    with suppress(EngineUnavailable):
        _engine(engine)


def ready(engine: EngineChoice) -> tuple[str, str]:
    """Return the name and version of the engine that `start` loaded. Raises EngineUnavailable."""
    loaded = _engine(engine)
    return loaded.name, loaded.version


def recognise(
    engine: EngineChoice,
    content: bytes,
    limits: FileLimits,
    on_report: OnReport,
    hints: ReadingHints,
) -> tuple[ReceiptReading | ServiceError, list[Stage]]:
    """Read one receipt with the engine that `start` loaded; return the reading, or an error, and
    the stages. The process ends if it runs out of memory."""
    recorder = StageRecorder(on_report)
    try:
        with _ending_without_memory(), _giving_memory_back():
            reading = extract_receipt(
                content, _engine(engine), limits.max_pixels, recorder, hints, _load(limits)
            )
            return reading, recorder.stages
    except ServiceError as error:
        return error, recorder.stages


def observe(
    engine: EngineChoice,
    content: bytes,
    limits: FileLimits,
    on_report: OnReport,
    hints: ReadingHints,
) -> tuple[Observation, list[Stage]]:
    """Read one receipt like `recognise`, and return the evidence for people to look at as well."""
    recorder = StageRecorder(on_report)
    with _ending_without_memory(), _giving_memory_back():
        observation = observe_receipt(
            content, lambda: _engine(engine), limits.max_pixels, recorder, hints, _load(limits)
        )
        return observation, recorder.stages


def _load(limits: FileLimits) -> Load:
    return partial(load_confined, limits=limits.page)


@contextmanager
def _giving_memory_back() -> Iterator[None]:
    """Return freed memory to the system after the block, where the C library can.

    It would keep 100 to 200 MB for as long as the child is idle. Returning it costs 1 % of the
    time of a receipt.
    """
    try:
        yield
    finally:
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)


@contextmanager
def _ending_without_memory() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            # The library that ran out of memory may be left in a broken state.
            os._exit(1)
        raise


@cache
def _engine(choice: EngineChoice) -> OcrEngine:
    prepare_reading()
    return load_engine(choice.name, choice.precision)
