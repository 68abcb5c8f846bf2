"""Stores how attempts end: those that end while others are being stored go together."""

from collections.abc import Sequence
from functools import partial

from tenacity import AsyncRetrying, retry_if_result, wait_random_exponential

from shared.errors import SchemaBehind
from shared.process.batching import Batches
from shared.store.hot.storing import Ending, Locked, Stored, store
from shared.store.postgres.database import Database
from worker.jobs.persistence import until_database_answers

# The most endings, and characters of results, in one statement.
_MOST, _CHARACTERS = 100, 8_000_000
# The longest that the first pause, and any pause, may be before a row that was locked is tried
# again, in seconds. Most locks, as that of a heartbeat, last for milliseconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1


class Storing:
    """Stores the endings of one worker, one statement at a time."""

    def __init__(self, database: Database, worker_id: str) -> None:
        self._database = database
        self._worker_id = worker_id
        self._batches: Batches[Ending, Stored] = Batches(
            self._store_all, most=_MOST, heaviest=_CHARACTERS
        )

    async def store(self, ending: Ending) -> Stored:
        """Store an ending, with as many tries as it takes, and return what became of it.

        It waits for the statement under way, and goes with all others that wait then. While another
        session has its row locked, it is tried again with later ones, and holds up none of them.
        A schema that is behind is waited for as Postgres is; other errors pass through.
        """
        attempts = AsyncRetrying(
            retry=retry_if_result(lambda stored: isinstance(stored, Locked)),
            wait=wait_random_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
        )
        return await attempts(self._batches.add, ending, len(ending.output or ""))

    async def _store_all(self, endings: Sequence[Ending]) -> Sequence[Stored]:
        return await until_database_answers(
            partial(store, self._database.fetch, self._worker_id, endings), SchemaBehind
        )
