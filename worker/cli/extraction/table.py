"""The table of `grocery-ai extract --table`, which grows from run to run.

The file itself is written whole, at the end of a run. Until then the rows of every file that was
read are appended to the notes beside it, so that a run that is killed loses nothing.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from worker.cli.extraction.selection import check_writable, notes_path
from worker.cli.extraction.table_formats import FORMATS, Format, NotOurTable
from worker.cli.extraction.table_rows import COLUMNS, Row, Value, rows_of
from worker.cli.whole_files import NotWritten, write_whole

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading

_OPTION = "--table"
_FILE, _ERROR, _SHA256 = (list(COLUMNS).index(name) for name in ("file", "error", "sha256"))


class ItemTable:
    """The rows of all files that were read, by the names of the files. `open_table` makes one."""

    def __init__(self, path: Path, layout: Format, notes: FileIO) -> None:
        self.path = path
        self._format = layout
        self._notes = notes
        self._rows: dict[str, list[Row]] = {}
        # Taken before the files are read, so that one that changes meanwhile is read again.
        self._hashes: dict[Path, str] = {}
        self._changed = False

    def load(self) -> None:
        """Read what earlier runs wrote. Raises NotOurTable and OSError."""
        if self.path.exists():
            for row in self._format.load(self.path.read_bytes()):
                self._rows.setdefault(str(row[_FILE]), []).append(row)
        self._notes.seek(0)
        # The last line is not whole if the run was killed while it wrote.
        whole, end, _ = self._notes.readall().rpartition(b"\n")
        self._notes.truncate(len(whole + end))
        for line in whole.splitlines():
            # Another version may have other columns, and what it read is read again.
            with suppress(ValueError):
                self._take([_noted(row) for row in json.loads(line)])

    def unread(self, files: Sequence[Path]) -> list[Path]:
        """Return the files of which the table has no rows, or an error, or those of other bytes."""
        self._hashes = {file: _sha256(file) for file in files}
        return [file for file in files if not self._holds(file)]

    def add(self, reading: "FileReading") -> None:
        """Take the rows of an unread file in place of those it had, and note them.

        Raises NotWritten.
        """
        rows = rows_of(reading, self._name(reading.path), self._hashes[reading.path])
        try:
            _append(self._notes, json.dumps(rows, default=_as_note).encode() + b"\n")
        except OSError as error:
            raise NotWritten(notes_path(self.path), error) from error
        self._take(rows)

    def save(self) -> None:
        """Write the whole table, ordered by the names of the files, and drop the notes.

        Raises NotWritten, and then keeps the notes for the next run.
        """
        if self._changed or not self.path.exists():
            rows = [row for _, rows in sorted(self._rows.items()) for row in rows]
            write_whole(self.path, self._format.dump(rows))
        notes_path(self.path).unlink()

    def _take(self, rows: list[Row]) -> None:
        self._rows[str(rows[0][_FILE])] = rows
        self._changed = True

    def _holds(self, file: Path) -> bool:
        rows = self._rows.get(self._name(file), ())
        read = [row for row in rows if not row[_ERROR] and row[_SHA256] == self._hashes[file]]
        return bool(rows) and len(read) == len(rows)

    def _name(self, file: Path) -> str:
        """Name a file as seen from the table, so that both can be moved, and any folder will do."""
        name = os.path.relpath(file.resolve(), self.path.parent.resolve())
        return name.encode("utf-8", "backslashreplace").decode()


@contextmanager
def open_table(path: Path) -> Iterator[ItemTable]:
    """Open a table for one run, and save it at the end, however the run ends.

    Raises typer.BadParameter if the path has another suffix, if it cannot be written to, if another
    run is writing the table, and if the file is not a table of ours. Raises NotWritten if there is
    no room for it.
    """
    layout = FORMATS.get(path.suffix.lower())
    if layout is None:
        raise _wrong(f"{path} must end in {', '.join(FORMATS)}")
    check_writable(path.parent, _OPTION)
    with _notes(path) as notes:
        table = ItemTable(path, layout, notes)
        _load(table, path)
        try:
            yield table
        finally:
            table.save()


@contextmanager
def _notes(path: Path) -> Iterator[FileIO]:
    """Open the notes of a table, and keep other runs from it."""
    # Without a buffer, which would be written again when a full disk ends the run.
    with notes_path(path).open("ab+", buffering=0) as notes:
        try:
            fcntl.flock(notes, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _wrong(f"{path} is being written by another run") from error
        yield notes


def _append(notes: FileIO, line: bytes) -> None:
    """Write all of a line. Without a buffer, a file takes only as much as it has room for."""
    while line:
        line = line[notes.write(line) :]


def _load(table: ItemTable, path: Path) -> None:
    try:
        table.load()
    except (NotOurTable, OSError) as error:
        notes = notes_path(path)
        if not notes.stat().st_size:
            notes.unlink()
        reason = error.strerror if isinstance(error, OSError) else error
        raise _wrong(f"{path} is no table to add to: {reason}") from error


def _wrong(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=_OPTION)


def _as_note(value: Any) -> Any:
    """Keep a number apart from a text, with all of its digits."""
    return {"number": format(value, "f")}


def _noted(row: Sequence[Any]) -> Row:
    values: list[Value] = [
        Decimal(value["number"]) if isinstance(value, dict) else value for value in row
    ]
    if len(values) != len(COLUMNS):
        raise ValueError("a note of another version")
    return tuple(values)


def _sha256(file: Path) -> str:
    """Return the hash of a file, or nothing if it cannot be read: then its reading has an error."""
    with suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()
    return ""
