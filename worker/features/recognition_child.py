"""What runs inside a recognition child. It imports no telemetry, no queue and no database."""

import ctypes
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from shared.contracts.components import OcrEngineName
from shared.errors import EngineUnavailable, ServiceError
from worker.pipeline.knowledge.reading import load_reading
from worker.pipeline.observation import Observation, observe_receipt
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine
from worker.pipeline.receipt import ReceiptReading, extract_receipt
from worker.pipeline.stages import OnPage, Stage, StageRecorder

_PR_SET_PDEATHSIG = 1


def start(parent: int, engine: OcrEngineName, memory: int, scratch: str) -> None:
    """Prepare the process: die with the parent, die at once when told, stay within the memory.

    `memory` bounds the data the process may allocate, in bytes. Its temporary files lie in
    `scratch`, where its parent removes what it leaves behind.
    """
    tempfile.tempdir = scratch
    # The default action ends a process even inside a library's long call; a handler would not.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    # `ready` and every job tell what is missing; an initializer that raises would only crash.
    with suppress(EngineUnavailable):
        _engine(engine)


def ready(engine: OcrEngineName) -> tuple[str, str]:
    """Name and version of the engine that `start` loaded. Raises EngineUnavailable."""
    loaded = _engine(engine)
    return loaded.name, loaded.version


def recognise(
    engine: OcrEngineName, content: bytes, max_pixels: int, on_page: OnPage
) -> tuple[ReceiptReading | ServiceError, list[Stage]]:
    """Read one receipt with the engine that `start` loaded; an error comes back with the stages
    that led to it. Without enough memory the process ends."""
    recorder = StageRecorder()
    try:
        with _ending_without_memory():
            return extract_receipt(
                content, _engine(engine), max_pixels, recorder, on_page
            ), recorder.stages
    except ServiceError as error:
        return error, recorder.stages


def observe(
    engine: OcrEngineName, content: bytes, max_pixels: int, on_page: OnPage
) -> tuple[Observation, list[Stage]]:
    """As `recognise`, with the evidence for people to look at."""
    recorder = StageRecorder()
    with _ending_without_memory():
        return observe_receipt(
            content, lambda: _engine(engine), max_pixels, recorder, on_page
        ), recorder.stages


@contextmanager
def _ending_without_memory() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _is_out_of_memory(error):
            # Each library says it in its own way, and may not have put everything back.
            os._exit(1)
        raise


def _is_out_of_memory(error: Exception) -> bool:
    """Python's own, or what OpenCV and onnxruntime make of a failed `malloc`."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "bad_alloc" in text or "insufficient memory" in text


@cache
def _engine(name: OcrEngineName) -> OcrEngine:
    load_reading()
    return load_engine(name)
