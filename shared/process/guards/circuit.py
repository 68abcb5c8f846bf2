"""The circuit before a dependency: while it hangs or refuses, callers fail at once.

Without it, every caller would wait as long as patience lasts, and those behind it even longer.
"""

import math
import time
from collections.abc import Callable

# For how many seconds nobody asks after a probe has failed.
_PAUSE = 0.5
# After so many seconds a probe without an answer or a failure counts no more: it may have been
# cancelled, or have more patience than callers elsewhere.
_LONGEST_PROBE = 2.0


class Circuit:
    """A circuit is closed while the dependency answers, and open from a failure to the next answer.

    While it is open, one caller at a time is let through to find out whether the dependency is
    back: the probe. The first one is let through at once, since a single slow answer opens the
    circuit too if nobody else has asked meanwhile. All times are those of `clock`, in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin closed."""
        self._clock = clock
        self._answered_at = -math.inf
        self._open = False
        # When the last probe was let through, and when the next one may be.
        self._probed_at = self._next_at = -math.inf
        self._when_changed: list[Callable[[bool], None]] = []

    @property
    def is_open(self) -> bool:
        """Whether the dependency has not answered since it failed."""
        return self._open

    def when_changed(self, call: Callable[[bool], None]) -> None:
        """Call `call` whenever the circuit opens, with True, or closes, with False."""
        self._when_changed.append(call)

    def admits(self) -> bool:
        """Return whether a caller may ask now. While the circuit is open, that makes it the probe.

        The caller then reports the answer or the failure.
        """
        if not self._open:
            return True
        now = self._clock()
        if now < self._next_at:
            return False
        self._probed_at, self._next_at = now, now + _LONGEST_PROBE
        return True

    def answered(self) -> None:
        """Take note that the dependency answered somebody, with an error or not."""
        self._answered_at = self._clock()
        if self._open:
            self._change(False)

    def answered_since(self, asked_at: float) -> bool:
        """Return whether the dependency has answered anybody since then."""
        return self._answered_at > asked_at

    def failed(self, asked_at: float) -> bool:
        """Take note that what was asked at `asked_at` got no answer in time, or was refused.

        Returns whether that was the dependency's fault. It was not if the dependency answered
        anybody since, and then the circuit stays as it is.
        """
        if self.answered_since(asked_at):
            return False
        if not self._open:
            self._probed_at, self._next_at = math.inf, -math.inf
            self._change(True)
        elif asked_at >= self._probed_at:
            # Others who fail now asked before the circuit opened.
            self._next_at = self._clock() + _PAUSE
        return True

    def _change(self, is_open: bool) -> None:
        self._open = is_open
        for call in self._when_changed:
            call(is_open)
