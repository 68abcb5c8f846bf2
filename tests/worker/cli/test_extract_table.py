"""`grocery-ai extract --table`: one row for each item, in three formats that hold the same."""

import csv
import io
import json
import resource
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.rich import RichReceipt
from shared.rejections import ImageUnreadable
from worker.cli.extraction.files import FileReading
from worker.cli.extraction.selection import notes_path
from worker.cli.extraction.table import ItemTable, open_table
from worker.cli.extraction.table_formats import FORMATS
from worker.cli.extraction.table_rows import COLUMNS, Kind, Row, Value, rows_of
from worker.cli.whole_files import NotWritten

SUFFIXES = list(FORMATS)
HOSTILE = ("=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "'=1", " =1", "''", "＝1", "'t Hoekje")  # noqa: RUF001

MILK: dict[str, Any] = {
    "raw_text": "MILK 2X1L 3.90",
    "parsed_name": "Milk",
    "category": "Dairy",
    "quantity": 2,
    "unit": None,
    "unit_price": "1.95",
    "total_price": "3.90",
    "code": "0071",
    "confidence": 0.97123,
    "boxes": [{"page": 2, "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
    "pack": {"count": 2, "size": 1, "unit": "l"},
    "amount_total": {"value": 4000, "unit": "ml"},
    "base_price": {"amount": "0.975", "per": "l"},
}


def receipt(name: str = "Corner Shop", items: Sequence[dict[str, Any]] = (MILK,)) -> Extraction:
    return Extraction.model_validate(
        {
            "merchant": {"name": name, "confidence": 0.9},
            "date": {"value": "2026-03-14", "confidence": 0.9},
            "total": {"amount": "3.90", "currency": "EUR", "confidence": 0.9},
            "line_items": items,
            "reconciled": True,
            "raw_ocr_text": "MILK",
            "overall_confidence": 0.9,
        }
    )


def reading(path: Path, *receipts: Extraction) -> FileReading:
    """Return the reading of a file in which some receipts lie."""
    rich = RichReceipt(
        request_id=None,
        processing_time_ms=1,
        model_version="none",
        extraction=receipts[0],
        receipts=list(receipts) if len(receipts) > 1 else [],
    )
    return FileReading(path, rich, None)


def photo(folder: Path, name: str = "a.jpg", content: bytes = b"one") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def extract(table: ItemTable, file: Path, *receipts: Extraction) -> None:
    """Do what a run does with an unread file."""
    assert table.unread([file]) == [file]
    table.add(reading(file, *(receipts or (receipt(),))))


def stopped(path: Path, file: Path) -> None:
    """Do what a run does that is stopped with Ctrl-C after one file."""
    with open_table(path) as table:
        extract(table, file)
        raise KeyboardInterrupt


def values(row: Row) -> dict[str, Value]:
    return {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None}


def rows_in(path: Path) -> list[dict[str, Value]]:
    return list(map(values, FORMATS[path.suffix].load(path.read_bytes())))


def test_a_row_has_the_item_and_its_receipt() -> None:
    (row,) = rows_of(reading(Path("a.jpg"), receipt()), "a.jpg", "00")
    assert values(row) == {
        "file": "a.jpg", "receipt": 1, "document_type": "receipt", "merchant": "Corner Shop",
        "date": "2026-03-14", "total": Decimal("3.90"), "currency": "EUR", "reconciled": True,
        "overall_confidence": Decimal("0.9"), "item": 1, "kind": "goods", "name": "Milk",
        "category": "Dairy", "quantity": 2, "unit_price": Decimal("1.95"),
        "total_price": Decimal("3.90"), "pack_count": 2, "pack_size": 1, "pack_unit": "l",
        "amount_total": 4000, "amount_unit": "ml", "base_price": Decimal("0.975"),
        "base_price_per": "l", "code": "0071", "confidence": Decimal("0.9712"), "page": 2,
        "sha256": "00",
    }  # fmt: skip


def test_every_receipt_and_every_file_has_a_row() -> None:
    """A receipt without items has one too, and so has a file that could not be read."""
    two = rows_of(reading(Path("a.jpg"), receipt("First"), receipt("Second", ())), "a.jpg", "00")
    broken = rows_of(FileReading(Path("b.jpg"), None, ImageUnreadable("It ends.")), "b.jpg", "11")

    assert [(row["receipt"], row["merchant"], row.get("item")) for row in map(values, two)] == [
        (1, "First", 1),
        (2, "Second", None),
    ]
    error = f"{ImageUnreadable.code}: It ends."
    assert [values(row) for row in broken] == [{"file": "b.jpg", "error": error, "sha256": "11"}]


_VALUES = {
    Kind.TEXT: st.text(max_size=20) | st.sampled_from(HOSTILE),
    Kind.NUMBER: st.decimals(-(10**9), 10**9, places=2) | st.integers(-(10**6), 10**6),
    Kind.FLAG: st.booleans(),
    Kind.DATE: st.dates().map(str) | st.just("2026-02-30"),
}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({}, optional={name: _VALUES[kind] for name, kind in COLUMNS.items()}),
        max_size=4,
    )
)
def test_all_formats_hold_the_same_values(items: list[dict[str, Any]]) -> None:
    """Whatever is printed on a receipt, it is the same text and the same number in each of them."""
    named = [
        rows_of(
            reading(Path("a"), receipt(item.get("merchant", ""), [{**MILK, **_given(item)}])),
            item.get("file", "a"),
            "00",
        )[0]
        for item in items
    ]
    for layout in FORMATS.values():
        assert layout.load(layout.dump(named)) == named


def _given(item: dict[str, Any]) -> dict[str, Any]:
    fields = {"parsed_name": "name", "unit": "unit", "code": "code", "total_price": "total_price"}
    return {field: item[name] for field, name in fields.items() if name in item}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(name: str) -> None:
    """A spreadsheet shows the text; the minus of a discount stays the sign of a number."""
    discount = {**MILK, "parsed_name": name, "total_price": "-1.50", "code": "=2"}
    rows = rows_of(reading(Path("a"), receipt(name, [discount])), "=a", "00")

    book = load_workbook(io.BytesIO(FORMATS[".xlsx"].dump(rows)))
    cells = {head.value: cell for head, cell in zip(*book["items"].iter_rows(), strict=True)}
    assert "f" not in {cell.data_type for cell in cells.values()}
    assert cells["code"].value == "=2"
    assert cells["code"].quotePrefix
    assert cells["total_price"].value == -1.5
    lines = csv.DictReader(io.StringIO(FORMATS[".csv"].dump(rows).decode("utf-8-sig")))
    (line,) = lines
    assert line["file"] == "'=a"
    assert line["total_price"] == "-1.50"
    assert line["name"].strip(" ")[0] not in "=+-@＝"  # noqa: RUF001


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_later_run_reads_what_is_new(tmp_path: Path, suffix: str) -> None:
    """Files that changed, failed or are new are read; the rows of all others stay."""
    same, other, failed = (photo(tmp_path, name) for name in ("c.jpg", "b.jpg", "a.jpg"))
    path = tmp_path / f"items{suffix}"
    with open_table(path) as table:
        assert table.unread([same, other, failed]) == [same, other, failed]
        table.add(reading(same, receipt("Same")))
        table.add(reading(other, receipt("Before")))
        table.add(FileReading(failed, None, ImageUnreadable()))
    before = rows_in(path)
    other.write_bytes(b"two")
    with open_table(path) as table:
        new = photo(tmp_path, "d.jpg")
        assert table.unread([new, same, other, failed]) == [new, other, failed]
        table.add(reading(other, receipt("After", (MILK, MILK))))

    assert [row["file"] for row in before] == ["a.jpg", "b.jpg", "c.jpg"]
    names = [(row["file"], row.get("merchant")) for row in rows_in(path)]
    assert names == [("a.jpg", None), ("b.jpg", "After"), ("b.jpg", "After"), ("c.jpg", "Same")]
    assert rows_in(path)[-1] == before[-1]
    assert not notes_path(path).exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_run_that_is_stopped_keeps_what_it_read(tmp_path: Path, suffix: str) -> None:
    first, second = photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")
    path = tmp_path / f"items{suffix}"
    with pytest.raises(KeyboardInterrupt):
        stopped(path, first)
    with open_table(path) as table:
        assert table.unread([first, second]) == [second]


def test_a_run_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """The notes that it leaves may end in the middle of a line."""
    first, second = photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")
    path = tmp_path / "items.csv"
    with open_table(path) as table:
        extract(table, first)
        extract(table, second)
        left = notes_path(path).read_text()
    path.unlink()
    notes_path(path).write_text(left[:-20])
    with open_table(path) as table:
        assert table.unread([first, second]) == [second]

    (row,) = rows_in(path)
    assert (row["file"], row["total"]) == ("a.jpg", Decimal("3.90"))


def test_a_second_run_that_is_killed_loses_nothing_either(tmp_path: Path) -> None:
    """New notes do not go on where those of the first run end in the middle of a line."""
    file, path = photo(tmp_path), tmp_path / "items.csv"
    notes_path(path).write_text('[["b.jpg"')
    with open_table(path) as table:
        extract(table, file)
        left = notes_path(path).read_bytes()
    path.unlink()
    notes_path(path).write_bytes(left)
    with open_table(path) as table:
        assert table.unread([file]) == []


def test_a_full_disk_ends_the_run_and_keeps_the_notes(tmp_path: Path) -> None:
    """What was read before is taken up by the next run, when there is room again."""
    first, second = photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg")
    path = tmp_path / "items.csv"
    with pytest.raises(NotWritten, match=r"items\.csv\.notes could not be written: File too large"):
        fill(path, first, second)

    with open_table(path) as table:
        assert table.unread([first, second]) == [second]


def fill(path: Path, first: Path, second: Path) -> None:
    """Do what a run does that has no room for the notes of its second file."""
    with ExitStack() as limits, open_table(path) as table:
        extract(table, first)
        limits.enter_context(files_no_larger_than(notes_path(path).stat().st_size + 100))
        extract(table, second)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, and then let all grow again."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    file = photo(tmp_path)
    with open_table(tmp_path / "items.csv") as table:
        assert table.unread([file]) == [file]
        file.write_bytes(b"two")
        table.add(reading(file, receipt()))
        assert table.unread([file]) == [file]


def test_files_are_named_as_seen_from_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder may be moved, and a run may be started in another one."""
    for name in ("photos", "tables"):
        (tmp_path / name).mkdir()
    file = photo(tmp_path / "photos", "\udcff.jpg")
    with open_table(tmp_path / "tables/items.jsonl") as table:
        extract(table, file)
    monkeypatch.chdir(tmp_path)
    with open_table(Path("tables/items.jsonl")) as table:
        assert table.unread([Path("photos/\udcff.jpg")]) == []

    entry = json.loads((tmp_path / "tables/items.jsonl").read_text())
    assert entry["file"] == "../photos/\\udcff.jpg"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("items.txt", b"", "must end in .csv, .xlsx, .jsonl"),
        ("items.csv", b"name,price\n", "no column file and no column sha256"),
        ("items.csv", b"file,sha256,mine\n", "its column 'mine' would be lost"),
        ("items.csv", b"\xff\xfe", "no CSV in UTF-8"),
        ("items.csv", b"", "no column file"),
        ("items.xlsx", b"PK", "no Excel workbook"),
        ("items.jsonl", b"{", "no JSON lines"),
        ("items.jsonl", b"[1]\n", "not all JSON objects"),
    ],
)
def test_what_is_no_table_is_not_overwritten(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = photo(tmp_path, name, content)
    with pytest.raises(typer.BadParameter, match=said), open_table(path):
        pass

    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_two_runs_at_once(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    with (
        open_table(path),
        pytest.raises(typer.BadParameter, match="written by another run"),
        open_table(path),
    ):
        pass
