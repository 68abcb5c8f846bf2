"""The circuit before a dependency: while it hangs or refuses, callers fail at once.

Without it, every caller would wait as long as patience lasts, and those behind it even longer.
"""

import math
import time
from collections.abc import Callable
from enum import Enum, auto


class State(Enum):
    """What is known of the dependency."""

    # It answers.
    CLOSED = auto()
    # Somebody waited in vain. Others may still ask, since it may have been a single slow answer.
    DOUBTED = auto()
    # It does not answer, and nobody asks but `Probes`.
    OPEN = auto()


class Circuit:
    """A circuit is closed while the dependency answers, and open while it does not.

    A failure raises a doubt, and the first answer removes it or closes the circuit. All times are
    those of `clock`, in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin closed."""
        self._clock = clock
        self._answered_at = -math.inf
        self._when_changed: list[Callable[[State], None]] = []
        self.state = State.CLOSED

    @property
    def is_open(self) -> bool:
        """Whether callers have to fail at once."""
        return self.state is State.OPEN

    def when_changed(self, call: Callable[[State], None]) -> None:
        """Call `call` with the new state whenever it changes."""
        self._when_changed.append(call)

    def answered(self) -> None:
        """Take note that the dependency answers now, with an error or not."""
        self._answered_at = self._clock()
        if self.state is not State.CLOSED:
            self._change(State.CLOSED)

    def answered_since(self, asked_at: float) -> bool:
        """Return whether the dependency has answered anybody since then."""
        return self._answered_at > asked_at

    def failed(self, asked_at: float) -> bool:
        """Take note that what was asked at `asked_at` got no answer in time, or was refused.

        Returns whether that may be the dependency's fault. It is not if the dependency has answered
        anybody since, and then the circuit stays as it is.
        """
        if self.answered_since(asked_at):
            return False
        if self.state is State.CLOSED:
            self._change(State.DOUBTED)
        return True

    def confirmed(self, asked_at: float) -> None:
        """Take note that a probe of `asked_at` says that the doubt was right.

        A probe that began before the last answer says nothing of a doubt that came after it.
        """
        if self.state is State.DOUBTED and not self.answered_since(asked_at):
            self._change(State.OPEN)

    def _change(self, state: State) -> None:
        self.state = state
        for call in self._when_changed:
            call(state)
