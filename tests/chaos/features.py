"""Features that misbehave to order. A worker loads them if FEATURE_LOADER names them.

The item name of a categorisation job says what it does: `noop`, `slow 0.5` (seconds), `hung`,
`poison` (kills its worker).

With CHAOS_RECEIPTS=compared, the image of a receipt is compared with what was sent, and not read.

What each job does to the world outside is a line in the file CHAOS_RECORD: what happened (`begun`,
`done` or `stopped`), the id of the worker's process, the time in seconds on a clock that all
processes share, and the item name.
"""

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from shared.contracts.categories import Category
from shared.contracts.features import Feature, Queue
from shared.settings import Settings
from worker.features.components import load_features
from worker.features.runners import Product, Run, Work
from worker.telemetry.state import WorkerState


async def load(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Return the product's runners for receipts, if the worker serves them, and ours for items."""
    if skew := float(os.environ.get("CHAOS_CLOCK_SKEW", "0")):
        _skew_clock(skew)
    runners: dict[Feature, Run] = {}
    if Queue.RECEIPTS in settings.worker_queues:
        runners.update(
            {Feature.RECEIPT_EXTRACTION: _compare}
            if os.environ.get("CHAOS_RECEIPTS") == "compared"
            else await load_features(settings, state, stack)
        )
    return {**runners, **dict.fromkeys(_ITEM_FEATURES, _behave)}


_ITEM_FEATURES = [feature for feature in Feature if feature.queue is Queue.ITEMS]


async def _compare(work: Work) -> Product:
    """Compare the image with what was sent, instead of reading it."""
    sent = work.payload["image"]["sha256"]
    _record("begun", sent)
    if hashlib.sha256(work.image or b"").hexdigest() != sent:
        raise RuntimeError("the image is not the one that was sent")
    _record("done", sent)
    return await _do("noop")


async def _behave(work: Work) -> Product:
    name = str(work.payload["item_name"])
    _record("begun", name)
    happened = "stopped"
    try:
        product = await _do(name)
        happened = "done"
        return product
    finally:
        _record(happened, name)


async def _do(name: str) -> Product:
    what, *arguments = name.split()
    if what == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hung":
        await asyncio.Event().wait()
    if what == "slow":
        await asyncio.sleep(float(arguments[0]))
    category = Category(
        category="Dairy",
        confidence=1.0,
        confidence_level="high",
        all_scores={"Dairy": 1.0},
        processing_time_ms=0.0,
    )
    return Product(output=category, model_id="chaos", model_version="1")


def _record(happened: str, name: str) -> None:
    """Append a line to the record. Several processes append to it, each line in one write."""
    if path := os.environ.get("CHAOS_RECORD"):
        line = f"{happened} {os.getpid()} {time.monotonic()} {name}\n"
        with Path(path).open("ab", buffering=0) as record:
            record.write(line.encode())


def _skew_clock(seconds: float) -> None:
    """Set the clock of this process `seconds` ahead of all others."""
    real = time.time
    time.time = lambda: real() + seconds
