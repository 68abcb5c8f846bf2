"""`grocery-ai extract --report` on a folder of images with ground truth beside them."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.local.receipt_image import DrawnReceipt
from tests.support.heic_and_pdf import pdf
from tests.worker.cli.conftest import Run


def truth_of(drawn: DrawnReceipt) -> dict[str, Any]:
    """Return the ground truth of a drawn receipt."""
    items = [{"name": item.name, "total_price": str(item.price)} for item in drawn.items]
    return {"merchant": drawn.merchant, "date": "2026-03-14", "total": str(drawn.total),
            "currency": drawn.currency, "line_items": items}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, receipt_png: bytes, drawn: DrawnReceipt) -> Path:
    """A folder of three receipts: with its truth, with a wrong truth, without any."""
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / "right.png").write_bytes(receipt_png)
    (folder / "wrong.pdf").write_bytes(pdf(drawn))
    (folder / "unknown.pdf").write_bytes(pdf(drawn))
    truth = truth_of(drawn)
    (folder / "right.json").write_text(json.dumps(truth))
    (folder / "wrong.json").write_text(json.dumps({**truth, "total": "99.99"}))
    return folder


def test_a_folder_is_compared(grocery_ai: Run, folder: Path, tmp_path: Path) -> None:
    """There are tables and a page, and the results are written as without --report."""
    out = tmp_path / "results"
    done = grocery_ai("extract", folder, "--report", "--out", out)

    assert done.returncode == 0
    assert "total: read 21.34, printed 99.99" in done.stdout
    assert "14/14" in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 1
    assert {path.name for path in out.iterdir()} == {
        "report.html", "right.json", "wrong.json", "unknown.json",
    }  # fmt: skip


def test_json_has_the_same_figures(
    grocery_ai: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --out, the page is written to the current folder."""
    monkeypatch.chdir(folder.parent)
    report = json.loads(grocery_ai("extract", "receipts", "--report", "--json").stdout)["report"]

    assert report["accuracy"]["total"] == {"right": 1, "of": 2}
    assert report["accuracy"]["merchant"] == {"right": 2, "of": 2}
    assert report["items"]["f1"] == 1.0
    assert report["mistakes"] == {"receipts/wrong.pdf": ["total: read 21.34, printed 99.99"]}
    assert 0 < report["cpu_seconds"]["median"] <= report["cpu_seconds"]["most"]
    assert 10_000_000 < report["peak_bytes"]["most"] < 2_000_000_000
    assert Path("report.html").exists()


@pytest.mark.parametrize(
    ("truths", "arguments", "said"),
    [
        ({}, ["--report"], 'expected is {"merchant"'),
        ({"right.json": "{"}, ["--report"], "right.json: Invalid JSON"),
        ({"right.json": '{"total": "a lot"}'}, ["--report"], "right.json: total:"),
        ({"right.json": '{"extraction": {}}'}, ["--report"], "none of merchant, date, total"),
        ({"right.json": '{"total": "1"}'}, ["--report", "--out", "receipts"], "be overwritten"),
        ({"right.json": '{"total": "1"}'}, ["--out", "receipts"], "right.json is ground truth"),
    ],
)
def test_wrong_usage(
    grocery_ai: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    truths: dict[str, str],
    arguments: list[str],
    said: str,
) -> None:
    """A mistake is found before anything is read, and nothing is written."""
    monkeypatch.chdir(folder.parent)
    for path in folder.glob("*.json"):
        path.unlink()
    for name, text in truths.items():
        (folder / name).write_text(text)
    before = sorted(folder.parent.rglob("*"))
    done = grocery_ai("extract", "receipts", *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(folder.parent.rglob("*")) == before
