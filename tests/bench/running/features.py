"""Features that do nothing. A worker loads them if FEATURE_LOADER names them."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

from shared.contracts.categories import Category
from shared.contracts.features import Feature
from shared.settings import Settings
from worker.features.runners import Product, Run, Work
from worker.telemetry.state import WorkerState

# Seconds: long enough for a backlog of a minute, and for the way to a worker not to matter.
SLOW = 0.2


async def load(
    _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Return the same runner for every feature."""
    return dict.fromkeys(Feature, _nothing)


async def load_slow(
    _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Return a runner that holds its slot for SLOW seconds."""
    return dict.fromkeys(Feature, _slowly)


async def _slowly(work: Work) -> Product:
    await asyncio.sleep(SLOW)
    return await _nothing(work)


async def _nothing(_work: Work) -> Product:
    """Return a category, with the Unix time of the run in milliseconds as its processing time."""
    category = Category(
        category="Dairy",
        confidence=1.0,
        confidence_level="high",
        all_scores={"Dairy": 1.0},
        processing_time_ms=time.time() * 1000,
    )
    return Product(output=category, model_id="nothing", model_version="1")
