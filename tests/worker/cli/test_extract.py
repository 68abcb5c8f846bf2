"""`grocery-ai extract` reads files; one bad file does not stop the others."""

import csv
import json
from pathlib import Path

import pytest

from shared.contracts.receipts.rich import RichReceipt
from shared.local.receipt_image import DrawnReceipt
from tests.support.heic_and_pdf import pdf
from tests.worker.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path, receipt_png: bytes, drawn: DrawnReceipt) -> Path:
    """A folder with two receipts, a broken image, a text file and a folder."""
    folder = tmp_path / "receipts"
    (folder / "older").mkdir(parents=True)
    (folder / "photo.PNG").write_bytes(receipt_png)
    (folder / "digital.pdf").write_bytes(pdf(drawn))
    (folder / "broken.jpg").write_bytes(b"nothing to see")
    (folder / "notes.txt").write_text("not for us")
    return folder


def test_a_folder_is_read(
    grocery_ai: Run, folder: Path, tmp_path: Path, drawn: DrawnReceipt
) -> None:
    """Each receipt gets a result; the broken image is reported, and the rest is skipped."""
    out = tmp_path / "results"
    table = folder / "items.csv"
    done = grocery_ai("extract", folder, "--out", out, "--table", table)

    assert done.returncode == 1
    assert done.stdout == ""
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["file"] for row in rows if row["error"]] == ["broken.jpg"]
    assert {row["category"] for row in rows if row["name"] == "Bananas"} == {"Produce"}
    assert len(rows) == 1 + 2 * len(drawn.items)
    assert sorted(path.name for path in out.iterdir()) == ["digital.json", "photo.json"]
    for path in out.iterdir():
        receipt = RichReceipt.model_validate_json(path.read_text())
        assert receipt.extraction.total.amount == drawn.total
    assert "unsupported_image_format" in done.stderr
    assert "broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    assert "2 read, 1 failed, 2 skipped; " in done.stderr
    (notes,) = (line for line in done.stderr.splitlines() if "notes.txt" in line)
    assert notes.startswith("skipped ")
    assert "neither an image nor a PDF" in notes
    assert "older: a folder within a folder" in done.stderr


def test_a_disk_that_fills_up_ends_the_run_with_one_line(
    grocery_ai: Run, folder: Path, tmp_path: Path
) -> None:
    """A folder that stands where the result is written is as little to write to as a full disk."""
    in_the_way = tmp_path / "results/digital.json.part"
    in_the_way.mkdir(parents=True)
    done = grocery_ai("extract", folder / "digital.pdf", "--out", in_the_way.parent)

    assert done.returncode == 1
    written = in_the_way.with_suffix("")
    assert done.stderr == f"{written} could not be written: Is a directory.\n"


def test_json_is_one_document_in_the_order_of_the_files(grocery_ai: Run, folder: Path) -> None:
    files = [folder / "photo.PNG", folder / "broken.jpg"]
    done = grocery_ai("extract", *files, "--json", "--labels", "Dairy,Bakery,Produce,Other")

    answer = json.loads(done.stdout)
    read, broken = answer["files"]
    assert [file["path"] for file in answer["files"]] == [str(path) for path in files]
    items = read["receipt"]["extraction"]["line_items"]
    assert {item["parsed_name"]: item["category"] for item in items}["Bananas"] == "Produce"
    assert broken["error"]["error_class"] == "bad_input"
    assert answer["figures"]["failed"] == 1
    assert answer["skipped"] == []
    assert answer["figures"]["child_peak_bytes"] > 10_000_000


def test_without_out_a_table_is_printed(grocery_ai: Run, folder: Path) -> None:
    """The table has the categories that the grocery planner uses."""
    done = grocery_ai("extract", folder / "digital.pdf", COLUMNS="80")

    assert done.returncode == 0
    assert "Organic Whole Milk" in done.stdout
    assert "21.34 GBP" in done.stdout
    (milk,) = (line for line in done.stdout.splitlines() if "Organic Whole Milk" in line)
    assert "Dairy" in milk
    assert done.stderr.startswith("1 read, 0 failed; ")


def test_hints_and_the_default_currency(grocery_ai: Run, forked_ai: Run, tmp_path: Path) -> None:
    """The table says so if the currency is not printed."""
    drawn = DrawnReceipt(merchant="ZEPHYRA", address=(), date="03/04/2026", currency="")
    file = tmp_path / "receipt.pdf"
    file.write_bytes(pdf(drawn))
    done = grocery_ai("extract", file, "--locale", "en-US", DEFAULT_CURRENCY="cad")
    wrong = forked_ai("extract", file, "--country", "UK")

    assert "21.34 CAD (default)" in done.stdout
    assert "ZEPHYRA, 2026-03-04" in done.stdout
    assert wrong.returncode == 2
    assert "--country" in wrong.stderr


def test_a_path_that_looks_like_markup(grocery_ai: Run, folder: Path) -> None:
    """A path is printed as it is and never wrapped, so that it can be copied."""
    broken = folder / f"[red]{'x' * 100}.jpg"
    (folder / "broken.jpg").rename(broken)
    done = grocery_ai("extract", broken, COLUMNS="80")

    assert str(broken) in done.stderr


def test_results_of_an_earlier_run_are_not_reported_as_skipped(
    grocery_ai: Run, folder: Path
) -> None:
    photo = folder / "photo.PNG"
    for path in (*folder.glob("*.*"), folder / "older"):
        if path != photo:
            path.unlink() if path.is_file() else path.rmdir()
    table = folder / "items.xlsx"
    wanted = ("extract", folder, "--out", folder, "--table", table)
    first, second = grocery_ai(*wanted), grocery_ai(*wanted)

    assert first.stderr.startswith("1 read, 0 failed; "), first.stderr
    assert (second.returncode, second.stderr) == (0, f"1 in {table} already\nNothing to read.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jpg"], "does not exist"),
        (
            ["receipts/photo.PNG", "--engine", "crystal-ball"],
            "for --engine: Input should be 'auto'",
        ),
        (["empty"], "holds no image or PDF"),
        (["receipts", "twice/photo.jpg", "--out", "new"], "would both become photo.json"),
        (["receipts", "--table", "items.txt"], "must end in .csv, .xlsx, .jsonl"),
        (["receipts", "--out", "receipts/notes.txt"], "is a file"),
        (["receipts", "--out", "receipts/notes.txt/new"], "choose another folder"),
        (["receipts", "--out", "/proc/new"], "choose another folder"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage(forked_ai: Run, folder: Path, arguments: list[str], said: str) -> None:
    """A mistake is found before anything is read, and reported in one line."""
    (folder.parent / "empty").mkdir()
    (folder.parent / "twice").mkdir()
    (folder.parent / "twice/photo.jpg").write_bytes(b"")
    done = forked_ai("extract", *arguments, cwd=folder.parent)

    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.endswith("See grocery-ai extract --help.\n")


def test_an_engine_that_is_not_installed(grocery_ai: Run, folder: Path) -> None:
    """The error says how to install it; no other engine takes its place."""
    done = grocery_ai("extract", folder / "photo.PNG", "--engine", "tesseract", PATH="/nowhere")

    assert done.returncode == 1
    assert "engine_unavailable" in done.stderr
    assert "apt-get install tesseract-ocr" in done.stderr
