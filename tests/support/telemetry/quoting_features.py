"""Features whose errors quote the item name. A worker loads them if FEATURE_LOADER names them."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack

from shared.contracts.features import Feature
from shared.contracts.jobs import JobView
from shared.settings import Settings
from tests.support.runners import dairy
from worker.features.runners import Product, Run, Work
from worker.telemetry.state import WorkerState


async def load(
    _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Return runners that fail as the first word of the item name says, or else succeed."""
    return dict.fromkeys(Feature, _behave)


async def _behave(work: Work) -> Product:
    name = str(work.payload.get("item_name"))
    match name.split(maxsplit=1)[0]:
        case "bug":
            _raise_after_another(name)
        case "group":
            raise ExceptionGroup(name, [ValueError(name), KeyError(name)])
        case "invalid":
            JobView.model_validate(work.payload)
        case "abandoned":
            # Nobody waits for it, so asyncio logs what it raised.
            asyncio.get_running_loop().create_task(_fail(name))
    return await dairy(work)


def _raise_after_another(name: str) -> None:
    try:
        json.loads(name)
    except ValueError as error:
        error.add_note(name)
        raise RuntimeError(name) from error


async def _fail(name: str) -> None:
    raise RuntimeError(name)
