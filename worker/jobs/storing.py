"""Stores how attempts end: those that end while others are being stored go together."""

import asyncio
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial

from shared.store.hot.storing import Ending, Stored, store
from shared.store.postgres.database import Database
from worker.jobs.persistence import until_database_answers

# The most endings, and characters of results, in one statement.
_MOST, _CHARACTERS = 100, 8_000_000


@dataclass(frozen=True)
class _Waiting:
    """An ending that waits to be stored, and the context of whoever waits for that."""

    ending: Ending
    stored: asyncio.Future[Stored]
    context: Context


class Storing:
    """Stores the endings of one worker, one statement at a time."""

    def __init__(self, database: Database, worker_id: str) -> None:
        self._database = database
        self._worker_id = worker_id
        self._waiting: list[_Waiting] = []
        self._under_way: asyncio.Task[None] | None = None

    async def store(self, ending: Ending) -> Stored:
        """Store an ending, with as many tries as it takes, and return what became of it.

        It waits for the statement under way, and goes with all others that wait then. Errors other
        than DatabaseUnavailable pass through.
        """
        stored: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(ending, stored, copy_context()))
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._store_all())
        return await stored

    async def _store_all(self) -> None:
        """Store until nothing waits. Each statement is part of the trace of its first ending."""
        try:
            while batch := self._next():
                await asyncio.create_task(self._store(batch), context=batch[0].context)
        finally:
            self._under_way = None

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        room = _CHARACTERS
        while self._waiting and len(batch) < _MOST:
            room -= len(self._waiting[0].ending.output or "")
            if batch and room < 0:
                break
            batch.append(self._waiting.pop(0))
        return batch

    async def _store(self, batch: list[_Waiting]) -> None:
        endings = [waiting.ending for waiting in batch]
        try:
            outcomes = await until_database_answers(
                partial(store, self._database.fetch, self._worker_id, endings)
            )
        except Exception as error:
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_exception(error)
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.stored.done():
                    waiting.stored.set_result(outcome)
