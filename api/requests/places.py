"""Places in the memory of a front for bodies: whoever gets none waits in its socket."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Busy

# How many may wait for a place, and for how many seconds. Callers give up after 60, and the job
# takes its time as well.
_WAITING = 128
_LONGEST_WAIT = 20.0
# The weight of the newest stay in the average of how long a body has its place.
_NEWEST = 0.2
# Bytes per second of a body that has its place while others wait, once it had the first seconds.
_FAST = 1_000_000
_GRACE = 3.0
# Seconds between two looks for slow bodies while somebody waits.
_INTERVAL = 0.5


class Place:
    """A place that a caller has, until it is given back."""

    def __init__(self, places: "Places", caller: str) -> None:
        self.caller = caller
        self.since = time.monotonic()
        self._came = 0
        self.of = places
        self._receiving: asyncio.Timeout | None = None

    def count(self, received: int) -> None:
        """Note that so many bytes came."""
        self._came += received

    @contextmanager
    def receiving(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Let `limit` end what is done meanwhile if others want the place."""
        self._receiving = limit
        try:
            yield
        finally:
            self._receiving = None

    @property
    def is_slow(self) -> bool:
        """Whether others wait for a body that its caller takes too much time for."""
        age = time.monotonic() - self.since
        return self._receiving is not None and age > _GRACE and self._came < _FAST * age

    def end(self) -> None:
        """End the wait for more of the body."""
        if self._receiving is not None:
            self._receiving.reschedule(0)
            self._receiving = None

    def give_back(self) -> None:
        """Let the next body have the place. Nothing happens if it was given back before."""
        self.of.leave(self)


class Places:
    """Hands out places: first to callers who have the fewest, and else in the order of asking."""

    def __init__(
        self, places: int, waiting: int = _WAITING, longest: float = _LONGEST_WAIT
    ) -> None:
        """Let at most `waiting` bodies wait, and each of them at most `longest` seconds."""
        self._places = places
        self._most_waiting = waiting
        self._longest = longest
        self._held: set[Place] = set()
        # Who waits, in order, and by which caller.
        self._line: dict[asyncio.Future[Place], str] = {}
        # Seconds that a body has its place for.
        self._stay = 0.5
        self._looking: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many bodies wait."""
        return len(self._line)

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._held)

    async def take(self, caller: str) -> Place:
        """Wait for a place. Raises Busy if too many others wait, or after 20 seconds."""
        if len(self._held) < self._places and not self._line:
            return self._give(caller)
        if len(self._line) >= self._most_waiting:
            self._shorten_for(caller)
        place: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._line[place] = caller
        self._look()
        try:
            async with asyncio.timeout(self._longest):
                return await place
        except TimeoutError:
            self._forgo(place)
            raise self._busy() from None
        except BaseException:
            self._forgo(place)
            raise

    def leave(self, place: Place) -> None:
        """Free a place."""
        if place in self._held:
            self._held.remove(place)
            self._stay += _NEWEST * (time.monotonic() - place.since - self._stay)
            self._pass_on()

    def _give(self, caller: str) -> Place:
        self._held.add(place := Place(self, caller))
        return place

    def _forgo(self, place: asyncio.Future[Place]) -> None:
        self._line.pop(place, None)
        if place.done() and not place.cancelled() and place.exception() is None:
            # It came just when its caller was cancelled.
            place.result().give_back()

    def _pass_on(self) -> None:
        have = Counter(place.caller for place in self._held)
        waiting = [each for each in self._line if not each.done()]
        if waiting and len(self._held) < self._places:
            # The first of those that are the smallest.
            first = min(waiting, key=lambda each: have[self._line[each]])
            first.set_result(self._give(self._line.pop(first)))

    def _shorten_for(self, newcomer: str) -> None:
        """Refuse the last body of the caller with the most, or raise Busy if it is the newcomer."""
        wanted = Counter(self._line.values())
        caller, most = wanted.most_common(1)[0]
        if most <= wanted[newcomer] + 1:
            raise self._busy()
        last = next(each for each in reversed(self._line) if self._line[each] == caller)
        del self._line[last]
        if not last.done():
            last.set_exception(self._busy())

    def _look(self) -> None:
        """End slow bodies, as many as others wait; look again as long as somebody waits."""
        if self._looking is not None:
            return
        slow = sorted((each for each in self._held if each.is_slow), key=lambda each: each.since)
        for place in slow[: len(self._line)]:
            place.end()
        if self._line:
            self._looking = asyncio.get_running_loop().call_later(_INTERVAL, self._look_again)

    def _look_again(self) -> None:
        self._looking = None
        self._look()

    def _busy(self) -> Busy:
        """Return the error, with the time in which those who wait get their places."""
        now = time.monotonic()
        ages = [now - place.since for place in self._held]
        stay = max(self._stay, sum(ages) / len(ages) if ages else 0)
        return Busy(retry_after=max(1, math.ceil((self.waiting + 1) * stay / self._places)))
