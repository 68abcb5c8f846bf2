"""A feature loader during which signals come. A worker uses it if FEATURE_LOADER names it."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack

from shared.contracts.features import Feature
from shared.settings import Settings
from worker.features.runners import Run
from worker.telemetry.state import WorkerState


async def load(
    _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Stop this worker by SIGTERM, and send it SIGINT and SIGTERM before it has ended."""
    signal.raise_signal(signal.SIGTERM)
    try:
        await asyncio.Event().wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(number)
            await _handled()
    return {}


async def _handled() -> None:
    """Let the event loop turn until it has called the handler of a signal that was raised."""
    for _ in range(5):
        await asyncio.sleep(0)
