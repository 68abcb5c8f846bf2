"""The anchors: the pipeline and the model in loops, without queue, database or HTTP."""

import multiprocessing
import time
from functools import cache
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from shared.contracts.service.components import OcrEngineName
from shared.pipeline_settings import PipelineSettings
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine
from worker.pipeline.receipt import extract_receipt, prepare_reading
from worker.pipeline.stages import StageRecorder


def receipts(order: dict[str, Any]) -> dict[str, Any]:
    """Read the images at the paths `files`, in as many processes as `processes` says.

    Returns the seconds from the first to the last, and their CPU seconds. Every process has read
    the first image before.
    """
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(order["processes"] + 1)
    files: list[str] = order["files"]
    with context.Pool(order["processes"], _warm, (ready, files[0])) as pool:
        ready.wait()
        begin = time.perf_counter()
        cpu = sum(pool.imap_unordered(_read, files))
        return {"seconds": time.perf_counter() - begin, "cpu_seconds": cpu}


def texts(order: dict[str, Any]) -> dict[str, Any]:
    """Embed `texts`, `together` in a call; return the seconds and CPU seconds that this took."""
    embedder, all_texts, together = OnnxEmbedder(), order["texts"], order["together"]
    embedder.embed(all_texts[:together])
    begin, cpu = time.perf_counter(), time.process_time()
    for place in range(0, len(all_texts), together):
        embedder.embed(all_texts[place : place + together])
    return {"seconds": time.perf_counter() - begin, "cpu_seconds": time.process_time() - cpu}


def _warm(ready: Barrier, file: str) -> None:
    _read(file)
    ready.wait()


def _read(file: str) -> float:
    """Read a receipt; return the CPU seconds that this took."""
    begin = time.process_time()
    pixels = PipelineSettings().max_image_pixels
    extract_receipt(Path(file).read_bytes(), _engine(), pixels, StageRecorder())
    return time.process_time() - begin


@cache
def _engine() -> OcrEngine:
    prepare_reading()
    return load_engine(OcrEngineName.AUTO)
