"""What a worker tells of its engines; the front passes it on in its readiness."""

from typing import Literal

from shared.contracts.text import Contract

# Best first: of several workers, the front shows the one that can do most. `not_loaded` is last,
# since a worker that does not need an engine has nothing to say about it.
EngineStatus = Literal["ok", "available", "loading", "unavailable", "not_installed", "not_loaded"]


class EngineReport(Contract):
    """One engine of one worker.

    `loading` ends by itself; `not_loaded` does not, because the worker does not need the engine.
    `model`: name and version once loaded. `error`: why it is `unavailable`, and what to do.
    """

    status: EngineStatus
    model: str | None = None
    error: str | None = None
