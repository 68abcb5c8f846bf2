"""Remembers whether Postgres took the last write of this process."""

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.store.postgres.sqlstates import Meaning, meaning_of, refuses_writes

# In the information on a connection, the generation of its server.
_GENERATION = "generation"


class Writes:
    """What the writes of this process have met. Reads may go on while none is taken.

    `generation` grows whenever a server takes no writes. Another one may have taken its place, so
    connections of an earlier generation must not be used any more.
    """

    def __init__(self) -> None:
        self.refused = False
        self.generation = 0

    def note_taken(self) -> None:
        """Take note that Postgres has committed a write."""
        self.refused = False

    def note_error(self, error: BaseException | None) -> None:
        """Take note of what the driver raised for a write; most errors say nothing of others."""
        if meaning_of(error) is Meaning.READ_ONLY:
            self.note_read_only()
        elif refuses_writes(error):
            self.refused = True

    def note_read_only(self) -> None:
        """Take note that a server takes no writes, as it says itself."""
        self.refused = True
        self.generation += 1


def replace_older(engine: Engine, writes: Writes) -> None:
    """Note what the writes of an engine meet, and have its pool replace older connections."""

    def note_error(context: ExceptionContext) -> None:
        writes.note_error(context.original_exception.__cause__)

    def note_generation(_driver: object, pooled: ConnectionPoolEntry) -> None:
        pooled.info[_GENERATION] = writes.generation

    def refuse_older(_driver: object, pooled: ConnectionPoolEntry, _proxy: object) -> None:
        if pooled.info[_GENERATION] != writes.generation:
            raise DisconnectionError

    event.listen(engine, "handle_error", note_error)
    event.listen(engine, "connect", note_generation)
    event.listen(engine, "checkout", refuse_older)
