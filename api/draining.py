"""How a front stops: it says so, refuses new work, answers those who wait, and only then closes.

uvicorn by itself closes its port at once and then waits for the last waiting call: callers would be
refused while the load balancer still sends them here.
"""

from shared.errors import Draining


class Drain:
    """Whether this front is stopping."""

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """From now on it is."""
        self.begun = True

    def check(self) -> None:
        """Raises Draining."""
        if self.begun:
            raise Draining
