"""What a worker tells of its engines; the front passes it on in its readiness."""

from typing import Literal

from shared.contracts.text import Contract

# Best first: of several workers, the front shows the one that can do most.
EngineStatus = Literal["ok", "available", "not_loaded", "unavailable", "not_installed"]


class EngineReport(Contract):
    """`model`: name and version once loaded. `error`: why it is `unavailable`, and what to do."""

    status: EngineStatus
    model: str | None = None
    error: str | None = None
