"""What a worker tells of itself: in its heartbeats, to its probes, in its metrics."""

from dataclasses import dataclass
from typing import Literal

from shared.contracts.workers import EngineReport


@dataclass
class WorkerState:
    """`engines` changes while models load; `url` is where the probes and `/metrics` are."""

    id: str
    version: str
    queues: list[str]
    slots: dict[str, int]
    engines: dict[str, EngineReport]
    phase: Literal["loading", "ready", "draining"] = "loading"
    url: str = ""
