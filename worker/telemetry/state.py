"""What a worker knows of itself, for its heartbeats, its probes and its metrics."""

from dataclasses import dataclass
from typing import Literal

from shared.contracts.components import Component, ComponentReport
from shared.contracts.features import Queue


@dataclass
class WorkerState:
    """`components` change while models load; `url` is where the probes and `/metrics` are."""

    id: str
    version: str
    queues: list[Queue]
    slots: dict[Queue, int]
    components: dict[Component, ComponentReport]
    phase: Literal["loading", "ready", "draining"] = "loading"
    url: str = ""
