"""Compare a reading with the ground truth: which fields are right, which items were found.

A merchant is right if it has the same words in any case (rapidfuzz, token_set_ratio >= 80). A date,
total or currency is right if it is equal. matching.py says when an item is found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.printed import Merchant, PrintedDate, Total
from worker.cli.quality.matching import ScoredItem, match_items
from worker.cli.quality.truth import Truth

_SAME_MERCHANT = 80


@dataclass(frozen=True)
class Verdict:
    """The comparison of one field. `read` is None, and the confidence 0, if nothing was read."""

    field: str
    expected: str
    read: str | None
    confidence: float
    right: bool


@dataclass(frozen=True)
class Score:
    """The comparison of one receipt. `items` is None if the truth does not list them."""

    verdicts: Sequence[Verdict]
    items: Sequence[ScoredItem] | None

    @property
    def found(self) -> int:
        """The number of items that were found."""
        return sum(bool(item.expected and item.read) for item in self._counted)

    @property
    def expected(self) -> int:
        """The number of items that are printed."""
        return sum(item.expected is not None for item in self._counted)

    @property
    def read(self) -> int:
        """The number of items that were read."""
        return sum(item.read is not None for item in self._counted)

    @property
    def mistakes(self) -> Sequence[str]:
        """What is wrong, one sentence each."""
        wrong = [
            f"{verdict.field}: read {verdict.read or 'nothing'}, printed {verdict.expected}"
            for verdict in self.verdicts
            if not verdict.right
        ]
        unmatched = [item for item in self._counted if not (item.expected and item.read)]
        return [*wrong, *map(_mistake, unmatched)]

    @property
    def _counted(self) -> Sequence[ScoredItem]:
        return [item for item in self.items or () if not item.ignored]


def score(truth: Truth, read: Extraction | None) -> Score:
    """Compare a reading with the truth. If nothing was read, every field is wrong."""
    read = read or _nothing()
    items = None
    if truth.line_items is not None:
        items = match_items(truth.line_items, read.line_items)
    return Score(list(_verdicts(truth, read)), items)


def _nothing() -> Extraction:
    return Extraction(
        merchant=Merchant(name=None, confidence=0.0),
        date=PrintedDate(value=None, confidence=0.0),
        total=Total(amount=None, currency=None, confidence=0.0),
        line_items=[],
        raw_ocr_text="",
        overall_confidence=0.0,
    )


def _verdicts(truth: Truth, read: Extraction) -> Iterator[Verdict]:
    merchant, date, total = read.merchant, read.date, read.total
    if truth.merchant:
        right = merchant.name is not None and _same_merchant(truth.merchant, merchant.name)
        yield Verdict("merchant", truth.merchant, merchant.name, merchant.confidence, right)
    if truth.date:
        right = date.value in {truth.date, *truth.date_alternatives}
        yield Verdict("date", truth.date, date.value, date.confidence, right)
    if truth.total is not None:
        shown = None if total.amount is None else f"{total.amount:f}"
        right = total.amount == truth.total
        yield Verdict("total", f"{truth.total:f}", shown, total.confidence, right)
    if truth.currency:
        right = total.currency == truth.currency
        yield Verdict("currency", truth.currency, total.currency, total.confidence, right)


def _same_merchant(expected: str, read: str) -> bool:
    return fuzz.token_set_ratio(expected.upper(), read.upper()) >= _SAME_MERCHANT


def _mistake(item: ScoredItem) -> str:
    if item.expected:
        return f"missed: {item.expected.name} {item.expected.total_price}"
    if item.read:
        price = "without a price" if item.read.total_price is None else item.read.total_price
        return f"not in the ground truth: {item.read.parsed_name} {price}"
    raise ValueError("an item that is neither printed nor read")
