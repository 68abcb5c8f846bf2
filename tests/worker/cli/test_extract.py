"""`grocery-ai extract`: files in, receipts out, and nothing that one bad file can stop."""

import json
from pathlib import Path

import pytest

from shared.contracts.receipts import RichReceipt
from shared.local.receipt_image import DrawnReceipt
from tests.support.heic_and_pdf import pdf
from tests.worker.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path, receipt_png: bytes, drawn: DrawnReceipt) -> Path:
    """Two receipts, one file that is none, and something else."""
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / "photo.PNG").write_bytes(receipt_png)
    (folder / "digital.pdf").write_bytes(pdf(drawn))
    (folder / "broken.jpg").write_bytes(b"nothing to see")
    (folder / "notes.txt").write_text("not for us")
    return folder


def test_a_folder(grocery_ai: Run, folder: Path, tmp_path: Path, drawn: DrawnReceipt) -> None:
    """A result for each image; the bad one is reported and the rest go on."""
    out = tmp_path / "results"
    done = grocery_ai("extract", folder, "--out", out)

    assert done.returncode == 1
    assert sorted(path.name for path in out.iterdir()) == ["digital.json", "photo.json"]
    for path in out.iterdir():
        receipt = RichReceipt.model_validate_json(path.read_text())
        assert receipt.extraction.total.amount == drawn.total
    assert "unsupported_image_format" in done.stderr
    assert "broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr


def test_as_json_with_categories(grocery_ai: Run, folder: Path) -> None:
    """One document on stdout, in the order of the files."""
    files = [folder / "photo.PNG", folder / "broken.jpg"]
    done = grocery_ai("extract", *files, "--json", "--labels", "Dairy,Bakery,Produce,Other")

    answer = json.loads(done.stdout)
    read, broken = answer["files"]
    assert [file["path"] for file in answer["files"]] == [str(path) for path in files]
    items = read["receipt"]["extraction"]["line_items"]
    assert {item["parsed_name"]: item["category"] for item in items}["Bananas"] == "Produce"
    assert broken["error"]["error_class"] == "bad_input"
    assert answer["figures"]["failed"] == 1
    assert answer["figures"]["child_peak_bytes"] > 10_000_000


def test_for_people(grocery_ai: Run, folder: Path) -> None:
    """Without --out, a table."""
    done = grocery_ai("extract", folder / "digital.pdf")

    assert done.returncode == 0
    assert "Organic Whole Milk" in done.stdout
    assert "21.34 GBP" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jpg"], "does not exist"),
        (["receipts/notes.txt", "receipts/photo.PNG", "--engine", "crystal-ball"], "rapidocr"),
        (["empty"], "holds no"),
        (["receipts", "twice/photo.jpg"], "would both become photo.json"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage(
    grocery_ai: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Found before anything is read."""
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    Path("twice").mkdir()
    Path("twice/photo.jpg").write_bytes(b"")
    done = grocery_ai("extract", *arguments)

    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_an_engine_that_is_not_there(grocery_ai: Run, folder: Path) -> None:
    """The cure is in the answer; no other engine reads."""
    done = grocery_ai("extract", folder / "photo.PNG", "--engine", "tesseract", PATH="/nowhere")

    assert done.returncode == 1
    assert "engine_unavailable" in done.stderr
    assert "apt-get install tesseract-ocr" in done.stderr
