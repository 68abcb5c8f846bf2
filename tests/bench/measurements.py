"""All measurements by name."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.calls import connections, get, wait
from tests.bench.figures import Figure
from tests.bench.jobs import batch, dispatch, mixed, path, tracing
from tests.bench.system import Bench
from tests.bench.upkeep import rest


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
    "mixed": Measurement("an item while receipts are read", mixed.measure),
    "tracing": Measurement("what traces cost", tracing.measure),
    "rest": Measurement("what an idle front and an idle worker take", rest.measure),
    "connections": Measurement(
        "requests on connections that were idle; takes two minutes", connections.measure
    ),
}
