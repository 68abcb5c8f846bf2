"""What a single statement is, and what runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

# A row of a result, by column name or position. JSON columns are text.
Row: TypeAlias = Any


@dataclass(frozen=True)
class Statement:
    """A statement in SQL, with `$1`, `$2` … for its arguments.

    It must be safe to run twice, because it is sent again if a connection breaks before Postgres
    answers, unless it is to be sent `once`. `name` is what traces show; `operation` is the word
    that metrics count it under. `proves_writes` says that it stores so much, and so durably, that
    whoever sees it succeed knows that Postgres takes writes: on a full disk small ones may pass.
    """

    name: str
    operation: Literal["select", "insert", "update", "delete"]
    sql: str
    once: bool = False
    proves_writes: bool = False


class Fetch(Protocol):
    """Runs a statement and returns its rows, as `Database.fetch` does."""

    async def __call__(self, statement: Statement, *arguments: object) -> Sequence[Row]:
        """Run the statement with these arguments."""
