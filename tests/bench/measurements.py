"""All measurements by name, and how they are made."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.local.processes import LocalError
from tests.bench.bench import Bench
from tests.bench.calls import attacked, connections, get, wait
from tests.bench.figures import Figure, NotMeasured
from tests.bench.growth import console, scale
from tests.bench.jobs import batch, dispatch, fairness, images, mixed, path, tokens, tracing
from tests.bench.noise import Noise
from tests.bench.parts import parts
from tests.bench.pipeline import items, ocr
from tests.bench.report.saved import Measured
from tests.bench.upkeep import cold, memory, rest, soak


@dataclass(frozen=True)
class Measurement:
    """What is measured, in words for people, and how."""

    what: str
    measure: Callable[[Bench], Coroutine[Any, Any, Sequence[Figure]]]


MEASUREMENTS = {
    "dispatch": Measurement("jobs without HTTP, beside other queues", dispatch.measure),
    "path": Measurement("the way of a job that does nothing, and its round trips", path.measure),
    "batch": Measurement("jobs, a hundred in a call", batch.measure),
    "get": Measurement("a GET of a finished job", get.measure),
    "wait": Measurement("how soon callers have the end of their job", wait.measure),
    "ocr": Measurement("receipts, beside the pipeline in a loop on all cores", ocr.measure),
    "items": Measurement("categorisations, beside the bare model", items.measure),
    "mixed": Measurement("an item while receipts are read", mixed.measure),
    "images": Measurement("receipts of 5 MB, by where images are kept", images.measure),
    "fairness": Measurement("a job behind a thousand of another tenant", fairness.measure),
    "tracing": Measurement("what traces cost", tracing.measure),
    "tokens": Measurement("what tokens cost", tokens.measure),
    "parts": Measurement("where the time of a job goes", parts.measure),
    "rest": Measurement("what an idle front and an idle worker take", rest.measure),
    "memory": Measurement("whether memory grows with the number of jobs", memory.measure),
    "scale": Measurement(
        "a million rows beside few, and several fronts and workers", scale.measure
    ),
    "console": Measurement("the pages of the console with a million jobs", console.measure),
    "cold": Measurement("how long processes take to start", cold.measure),
    "soak": Measurement("whether anything grows while a system works for minutes", soak.measure),
    "attacked": Measurement("how soon /health answers while a front is attacked", attacked.measure),
    "connections": Measurement(
        "requests on connections that were idle; takes two minutes", connections.measure
    ),
}


def measure(names: Iterable[str], bench: Bench) -> tuple[dict[str, Measured], dict[str, str]]:
    """Make the measurements; return what was found, and why what was not."""
    measured, missing = {}, {}
    for name in names:
        bench.note(name)
        try:
            measured[name] = _measure(name, bench)
        except (NotMeasured, LocalError) as error:
            missing[name] = str(error)
        # The figures of the others have taken minutes, and must not be lost, whatever this is.
        except Exception:
            missing[name] = traceback.format_exc()
    return measured, missing


def _measure(name: str, bench: Bench) -> Measured:
    """Make one measurement, and watch what others take of the CPU meanwhile."""
    noise = Noise()
    figures = asyncio.run(MEASUREMENTS[name].measure(bench))
    return Measured(
        rounds=bench.rounds, size=bench.size, noise=noise.share(), figures=list(figures)
    )
