"""A line of callers before a fixed number of places, such as the connections of a pool."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from shared.errors import Busy
from shared.process.patience import Patience

# The longest that a caller is asked to stay away, in seconds.
_LONGEST_RETRY_AFTER = 30


class Line:
    """Gives places to callers in the order in which they came, and refuses whoever waits in vain.

    A place is taken with `async with line:` and given back at the end of the block.
    """

    def __init__(self, places: int, *, most: int, longest: float | None) -> None:
        """Have `places`, for which at most `most` callers wait, each at most `longest` seconds.

        Time in which this process was held up does not count: see `Patience`. None is no limit.
        """
        self._free = places
        self._most = most
        self._longest = longest
        self._waiting: deque[asyncio.Future[None]] = deque()
        # Since when somebody has waited all the time, and how many places were given back since.
        self._since = 0.0
        self._given_back = 0

    async def __aenter__(self) -> None:
        """Take a place. Raises Busy, and what was passed to `dismiss`."""
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= self._most:
            raise self._busy()
        if not self._waiting:
            self._since, self._given_back = time.monotonic(), 0
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with Patience(self._longest):
                await place
        except TimeoutError as error:
            self._give_up(place)
            raise self._busy() from error
        except BaseException:
            self._give_up(place)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place to whoever has waited longest."""
        self._given_back += 1
        self._pass_on()

    def dismiss(self, error: Callable[[], Exception]) -> None:
        """Raise an error of its own in everybody who waits."""
        while (place := self._first()) is not None:
            place.set_exception(error())

    def _first(self) -> asyncio.Future[None] | None:
        """Remove and return the place that was asked for first; None if nobody waits."""
        while self._waiting:
            place = self._waiting.popleft()
            # Whoever is cancelled leaves the line only at the next turn of the event loop.
            if not place.done():
                return place
        return None

    def _pass_on(self) -> None:
        place = self._first()
        if place is None:
            self._free += 1
        else:
            place.set_result(None)

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
        elif not place.cancelled() and place.exception() is None:
            # The place came just when its caller was cancelled.
            self._pass_on()

    def _busy(self) -> Busy:
        """Return the error for a caller; it says when those who wait now will have been served."""
        if not self._given_back:
            return Busy()
        pace = self._given_back / max(time.monotonic() - self._since, 0.001)
        seconds = math.ceil((len(self._waiting) + 1) / pace)
        return Busy(retry_after=min(seconds, _LONGEST_RETRY_AFTER))
