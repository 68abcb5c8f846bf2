"""The state that a worker shows in its heartbeats, probes and metrics."""

from dataclasses import dataclass
from typing import Literal

from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport


@dataclass
class WorkerState:
    """State of one worker.

    `slots` is the number of jobs it runs at once from each queue. `components` change while
    models load. `url` is the base URL of the probes and `/metrics`, empty until they are served.
    """

    id: str
    version: str
    queues: list[Queue]
    slots: dict[Queue, int]
    components: dict[Component, ComponentReport]
    phase: Literal["loading", "ready", "draining"] = "loading"
    url: str = ""
