"""What one caller gets who waits for the end of a job."""

import asyncio

from shared.errors import ServiceError
from shared.store.hot.reading import JobRow


class Expectation:
    """A caller who expects the end of one job."""

    def __init__(self) -> None:
        """Expect the end from now on."""
        self._end: asyncio.Future[JobRow] = asyncio.get_running_loop().create_future()

    async def ended(self, within: float) -> JobRow | None:
        """Return the job once it has ended, or None after `within` seconds.

        Raises Draining, Bug if this version cannot read the row, and NoWorker if the caller needs a
        worker and there is none.
        """
        await asyncio.wait((self._end,), timeout=within)
        return self._end.result() if self._end.done() else None

    def succeed(self, job: JobRow) -> None:
        """Return the job to the caller, unless there was an answer before."""
        if not self._end.done():
            self._end.set_result(job)

    def fail(self, error: ServiceError) -> None:
        """Raise the error in the caller, unless there was an answer before."""
        if not self._end.done():
            self._end.set_exception(error)
            # The caller may be gone already, which would be logged as an oversight.
            self._end.exception()
