"""A time limit on the wait for a dependency, which does not count time that this process lost."""

import asyncio
from collections.abc import Callable
from types import TracebackType

# In every turn of the event loop, at most this fraction of the limit counts. What takes fewer turns
# never exceeds its limit because of us; a transaction takes about twenty on a new connection.
_TURNS = 50


class Patience:
    """The same as `asyncio.timeout`, but only time in which the event loop turned counts.

    If something else blocks the loop, or the whole process is held up, the answer may have arrived
    meanwhile without anybody having read it.
    """

    def __init__(self, seconds: float | None, when_over: Callable[[], None] | None = None) -> None:
        """Prepare to wait for `seconds`, or for any time if that is None.

        `when_over` is called as soon as the time is over, before the block ends.
        """
        self._pause = None if seconds is None else seconds / _TURNS
        self._left = _TURNS
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None
        self._when_over = when_over

    async def __aenter__(self) -> "Patience":
        """Begin to count. The block raises TimeoutError when the time is over."""
        await self._timeout.__aenter__()
        self._count()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, traceback)

    def expired(self) -> bool:
        """Return whether the time is over."""
        return self._timeout.expired()

    def _count(self) -> None:
        if self._pause is None:
            return
        loop = asyncio.get_running_loop()
        if self._left == 0:
            if self._when_over is not None:
                self._when_over()
            self._timeout.reschedule(loop.time())
            return
        # A timer that was due long ago counts once, however late it is.
        self._left -= 1
        self._timer = loop.call_later(self._pause, self._count)
