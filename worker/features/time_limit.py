"""The time limit of a run, which stands still while the run waits for its solo rounds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class TimeLimit:
    """A limit in seconds; None never ends a run. It is for one run."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Stop the block when the limit is reached. Raises TimeoutError then."""
        async with asyncio.timeout(self.seconds) as self._timeout:
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the time of the block not count."""
        timeout = self._timeout
        end = timeout.when() if timeout is not None else None
        if timeout is None or end is None:
            yield
            return
        clock = asyncio.get_running_loop().time
        left = end - clock()
        timeout.reschedule(None)
        try:
            yield
        finally:
            timeout.reschedule(clock() + left)
