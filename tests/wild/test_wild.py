"""The rules of the reader, on receipts that nobody had seen when they were written.

The lines are those that the engine read once, in `lines.json.gz`, since reading all images takes
two minutes. `README.md` says where the receipts come from and how to read the images themselves.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from shared.contracts.receipts.extraction import Extraction
from worker.cli.quality.scoring import Score, score
from worker.cli.quality.truth import Truth, find_truth
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.several import read_receipts

FOLDER = Path(__file__).parent
TODAY = date(2026, 11, 27)
Readings = Mapping[str, tuple[Truth, Extraction]]


@pytest.fixture(scope="module")
def readings() -> Readings:
    """What is printed and what was read, by name; the first receipt of two."""
    read = {}
    for name, lines in json.loads(gzip.decompress((FOLDER / "lines.json.gz").read_bytes())).items():
        truth = find_truth(FOLDER / f"{name}.jpg")
        assert truth is not None
        read[name] = truth, read_receipts([_line(words) for words in lines], today=TODAY)[0]
    return read


def _line(words: Sequence[Sequence[object]]) -> TextLine:
    return TextLine(tuple(Word(*word) for word in words))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scores(readings: Readings) -> Mapping[str, Score]:
    """The comparison of each receipt with its truth."""
    return {name: score(truth, read) for name, (truth, read) in readings.items()}


def test_nothing_was_changed_since_the_first_reading() -> None:
    """A truth that is changed to fit the reader would prove nothing."""
    for line in (FOLDER / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize(
    ("field", "least"), [("total", 0.9), ("currency", 0.9), ("date", 0.9), ("merchant", 0.8)]
)
def test_most_fields_are_read(scores: Mapping[str, Score], field: str, least: float) -> None:
    """The failures that are left are those of layouts that no rule knows."""
    right = [
        verdict.right
        for found in scores.values()
        for verdict in found.verdicts
        if verdict.field == field
    ]

    assert sum(right) / len(right) >= least


def test_most_items_are_found(scores: Mapping[str, Score]) -> None:
    """The F1 score over all receipts; two receipts in one photo count with the first."""
    found = sum(each.found for each in scores.values())
    both = sum(each.expected + each.read for each in scores.values())

    assert 2 * found / both >= 0.92


def test_a_receipt_that_is_called_reconciled_has_the_right_total(readings: Readings) -> None:
    """Apps import receipts that are called so without asking."""
    wrong = [
        name
        for name, (truth, read) in readings.items()
        if read.reconciled and read.total.amount != truth.total
    ]

    assert wrong == []


@pytest.mark.parametrize("field", ["total", "date", "merchant"])
def test_confidence_is_earned(scores: Mapping[str, Score], field: str) -> None:
    """A field that is read with 0.9 or more is right in 19 of 20 cases, and in more with others."""
    sure = [
        verdict.right
        for found in scores.values()
        for verdict in found.verdicts
        if verdict.field == field and verdict.confidence >= 0.9
    ]

    assert len(sure) >= 20
    assert sum(sure) / len(sure) >= 0.95
