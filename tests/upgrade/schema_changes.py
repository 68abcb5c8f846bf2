"""What a change of the schema does to the code that ran before it and goes on beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, event, text

# What the catalog says of each table, column, index and constraint, by a name that is unique.
_CATALOG = text(
    r"""
    SELECT 'table', relname, relname, relfilenode::text
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'column', relname, relname || '.' || attname,
        concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'required' END,
            CASE WHEN atthasdef OR attidentity <> '' THEN 'default' END)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'unique index', tables.relname, indexes.relname,
        regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', '')
    FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid
        JOIN pg_class AS tables ON tables.oid = indrelid
    WHERE indisunique AND tables.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'constraint', relname, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE contype IN ('c', 'f', 'x') AND connamespace = 'public'::regnamespace
    """
)
# Statements that read a whole table while nobody may write to it. The table is their last group.
_LONG_LOCKS = {
    "an index is built without CONCURRENTLY": re.compile(
        r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)(?:IF\s+NOT\s+EXISTS\s+)?\S+\s+ON\s+(\w+)",
        re.IGNORECASE,
    ),
    "a constraint is checked without NOT VALID": re.compile(
        r"ALTER\s+TABLE\s+(\w+)\s+ADD\s+CONSTRAINT(?!.*NOT\s+VALID)", re.IGNORECASE | re.DOTALL
    ),
}


@dataclass(frozen=True)
class Schema:
    """What the catalog says: of each kind and name its table and its definition."""

    parts: Mapping[tuple[str, str], tuple[str, str]]

    @classmethod
    def of(cls, connection: Connection) -> "Schema":
        """Read the schema that a connection sees."""
        rows = connection.execute(_CATALOG)
        return cls({(kind, name): (table, defined) for kind, table, name, defined in rows})

    def has_table(self, name: str) -> bool:
        """Return whether there is a table of this name."""
        return ("table", name) in self.parts


def refused_changes(before: Schema, after: Schema, statements: Sequence[str] = ()) -> Iterator[str]:
    """Yield each change that code from before it may not survive, or that keeps it waiting.

    Tables that are new may have anything, since that code does not know them.
    """
    for part, (_, was) in before.parts.items():
        _, now = after.parts.get(part, (None, None))
        if problem := _problem(part[0], was, now):
            yield f"{' '.join(part)} {problem}"
    for part, (table, defined) in after.parts.items():
        may_be_left_out = part[0] == "column" and not defined.endswith("required")
        if part not in before.parts and before.has_table(table) and not may_be_left_out:
            yield f"{' '.join(part)} is new: {defined}"
    for statement in statements:
        yield from _long_locks(before, statement)


def _problem(kind: str, was: str, now: str | None) -> str | None:
    """Return what is wrong with a new definition, or None if code from before does not mind."""
    if now is None:
        return None if kind == "constraint" else "is gone"
    if was == now or (kind == "column" and now in (was.replace(" required", ""), f"{was} default")):
        return None
    return "is written anew" if kind == "table" else f"was {was}, is {now}"


def _long_locks(before: Schema, statement: str) -> Iterator[str]:
    for problem, pattern in _LONG_LOCKS.items():
        if (found := pattern.search(statement)) and before.has_table(found[1]):
            yield f"table {found[1]} is locked: {problem}"


@contextmanager
def statements_of(connection: Connection) -> Iterator[list[str]]:
    """Collect the statements that are run on a connection during the block."""
    run: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        run.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(connection, "before_cursor_execute", note)
