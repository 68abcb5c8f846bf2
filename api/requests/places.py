"""Places in the memory of a front for large bodies: whoever gets none waits in its socket."""

import asyncio
import math
import time

from shared.errors import Busy

# Bodies that may be in memory at the same time, and how many more may wait for that.
_PLACES = 8
_WAITING = 128
# Seconds that somebody waits. Callers give up after 60, and the job takes its time as well.
_LONGEST_WAIT = 20.0
# The weight of the newest stay in the average of how long a body has its place.
_NEWEST = 0.2


class Place:
    """A place that somebody has, until it is given back."""

    def __init__(self, places: "Places") -> None:
        self._places: Places | None = places
        self._since = time.monotonic()

    def give_back(self) -> None:
        """Let the next body have the place. Nothing happens if it was given back before."""
        if self._places is not None:
            self._places.leave(time.monotonic() - self._since)
            self._places = None


class Places:
    """Hands out places in the order in which they are asked for."""

    def __init__(
        self, places: int = _PLACES, waiting: int = _WAITING, longest: float = _LONGEST_WAIT
    ) -> None:
        """Let at most `waiting` callers wait, and each of them at most `longest` seconds."""
        self._free = asyncio.Semaphore(places)
        self._places = places
        self._most_waiting = waiting
        # How many wait, and how many places are taken.
        self.waiting = self.taken = 0
        self._longest = longest
        # Seconds that a body has its place for.
        self._stay = 0.5

    async def take(self) -> Place:
        """Wait for a place. Raises Busy if too many others wait, or after 20 seconds."""
        if self.waiting >= self._most_waiting:
            raise self._busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._longest):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._busy() from error
        finally:
            self.waiting -= 1
        self.taken += 1
        return Place(self)

    def leave(self, seconds: float) -> None:
        """Free a place that somebody had for so long."""
        self._stay += _NEWEST * (seconds - self._stay)
        self.taken -= 1
        self._free.release()

    def _busy(self) -> Busy:
        """Return the error, with the time in which those who wait get their places."""
        seconds = math.ceil((self.waiting + 1) * self._stay / self._places)
        return Busy(retry_after=max(1, seconds))
