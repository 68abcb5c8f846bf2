"""The formats of a table: CSV, an Excel workbook, and JSON lines. All hold the same values."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.cli.extraction.table_rows import COLUMNS, Kind, Row, Value

# A spreadsheet takes a text that begins like this for a formula, and a hostile receipt can print
# one. An apostrophe keeps it text. Texts that would look as if they had one get a second.
_FORMULA = re.compile(r"[\s']*[=+\-@＝＋－＠]")  # noqa: RUF001 (the wide ones count too)
_FLAGS = {"TRUE": True, "FALSE": False}


class NotOurTable(ValueError):
    """A file that is not a table of these columns. The message says what is wrong with it."""


@dataclass(frozen=True)
class Format:
    """How rows become the bytes of a file, and how they are read from it. `load` raises
    NotOurTable."""

    dump: Callable[[Sequence[Row]], bytes]
    load: Callable[[bytes], list[Row]]


def _to_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    # Without the mark at its beginning, Excel takes the file for one of a legacy encoding.
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Decimal):
        return format(value, "f")
    return f"'{value}" if _FORMULA.match(value) else value


def _from_csv(content: bytes) -> list[Row]:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotOurTable(f"it is no CSV in UTF-8 ({error})") from error
    return _rows(lines[0] if lines else [], lines[1:], _parsed)


def _parsed(text: str, kind: Kind) -> Value:
    if kind is Kind.NUMBER:
        return _number(text) if text else None
    if kind is Kind.FLAG:
        return _FLAGS.get(text.upper(), text or None)
    if text.startswith("'") and _FORMULA.match(text[1:]):
        text = text[1:]
    return text or None


def _number(text: str) -> Value:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _to_json_lines(rows: Sequence[Row]) -> bytes:
    lines = (
        json.dumps(dict(zip(COLUMNS, map(_json, row), strict=True)), ensure_ascii=False)
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _json(value: Value) -> str | float | bool | None:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _from_json_lines(content: bytes) -> list[Row]:
    try:
        entries = [json.loads(line, parse_float=Decimal) for line in content.splitlines() if line]
    except ValueError as error:
        raise NotOurTable(f"it holds no JSON lines ({error})") from error
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise NotOurTable("its lines are not all JSON objects")
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    lines = [[entry.get(name) for name in names] for entry in entries]
    return _rows(names or list(COLUMNS), lines, _plain)


def _to_workbook(rows: Sequence[Row]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("items")
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(rows) + 1}"
    for row in (tuple(COLUMNS), *rows):
        sheet.append(
            [
                _sheet_cell(sheet, value, kind)
                for value, kind in zip(row, COLUMNS.values(), strict=True)
            ]
        )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sheet_cell(sheet: Any, value: Value, kind: Kind) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return _json(value)
    if kind is Kind.DATE and (day := _day(value)):
        return day
    cell = WriteOnlyCell(sheet, value)
    # openpyxl would make a formula of it; and Excel, whenever somebody enters the cell.
    cell.data_type = "s"
    cell.quotePrefix = bool(_FORMULA.match(value))
    return cell


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Excel counts the days from 1900, and has one too many in its first two months.
    return day if day > date(1900, 3, 1) else None


def _from_workbook(content: bytes) -> list[Row]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError) as error:
        raise NotOurTable(f"it is no Excel workbook ({error})") from error
    lines = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    names = [name for name in (lines[0] if lines else ()) if name is not None]
    return _rows(names, (line[: len(names)] for line in lines[1:]), _plain)


def _plain(value: Any, _: Kind) -> Value:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if value is None or isinstance(value, str | Decimal | bool):
        return value
    return str(value)


def _rows(
    names: Sequence[Any], lines: Iterable[Sequence[Any]], parsed: Callable[[Any, Kind], Value]
) -> list[Row]:
    """Return the lines with their values in the order of our columns."""
    if missing := {"file", "sha256"} - set(names):
        raise NotOurTable(f"it has no column {' and no column '.join(sorted(missing))}")
    if unknown := [str(name) for name in names if name not in COLUMNS]:
        raise NotOurTable(f"its column {unknown[0]!r} would be lost")
    return list(_in_order(names, lines, parsed))


def _in_order(
    names: Sequence[str], lines: Iterable[Sequence[Any]], parsed: Callable[[Any, Kind], Value]
) -> Iterator[Row]:
    for line in lines:
        values = dict(zip(names, line, strict=False))
        if any(value not in (None, "") for value in values.values()):
            yield tuple(
                parsed(values[name], kind) if name in values else None
                for name, kind in COLUMNS.items()
            )


FORMATS: Mapping[str, Format] = {
    ".csv": Format(_to_csv, _from_csv),
    ".xlsx": Format(_to_workbook, _from_workbook),
    ".jsonl": Format(_to_json_lines, _from_json_lines),
}
