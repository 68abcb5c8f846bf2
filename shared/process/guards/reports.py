"""Reports on a circuit in the log."""

from collections.abc import Callable

import structlog

from shared.process.guards.circuit import State

log = structlog.get_logger(__name__)


def report(dependency: str) -> Callable[[State], None]:
    """Return what to call when the circuit of a dependency changes: it logs openings and ends."""
    away = False

    def changed(state: State) -> None:
        nonlocal away
        if state is State.OPEN:
            log.warning("dependency.away", away=True, dependency=dependency)
        elif away and state is State.CLOSED:
            log.info("dependency.back", dependency=dependency)
        away = state is State.OPEN

    return changed
