"""Draining: a front that stops reports it, refuses new work and dismisses waiting callers first.

uvicorn alone closes its port at once and then waits for the last waiting call, so callers would be
refused while the load balancer still sends them here.
"""

from shared.errors import Draining


class Drain:
    """Knows whether this front is stopping."""

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """Mark this front as stopping."""
        self.begun = True

    def check(self) -> None:
        """Raise Draining if this front is stopping."""
        if self.begun:
            raise Draining
