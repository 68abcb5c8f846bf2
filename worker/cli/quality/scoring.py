"""A reading compared with the truth: which fields are right, which items were found.

A merchant is right when it has the same words (rapidfuzz, token_set_ratio >= 80, case aside); date,
total and currency when they are equal. An item is found when one that was read has its price and a
name like it (ratio >= 60); each counts for one. An item whose true price nobody can read is neither
asked for nor held against the reading.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from shared.contracts.receipts import Extraction, LineItem
from worker.cli.quality.truth import Truth, TruthItem

_SAME_MERCHANT = 80
_SAME_NAME = 60


@dataclass(frozen=True)
class Verdict:
    """One field. `read` is None, with confidence 0, where nothing was read."""

    field: str
    expected: str
    read: str | None
    confidence: float
    right: bool


@dataclass(frozen=True)
class ScoredItem:
    """An item that was found (both are there), missed (only `expected`) or too many (only
    `read`). With `ignored` it counts for nothing."""

    expected: TruthItem | None
    read: LineItem | None
    ignored: bool = False


@dataclass(frozen=True)
class Score:
    """Of one receipt. `items` is None when the truth does not know them."""

    verdicts: Sequence[Verdict]
    items: Sequence[ScoredItem] | None

    @property
    def found(self) -> int:
        """Items that were found."""
        return sum(bool(one.expected and one.read) for one in self._counted)

    @property
    def expected(self) -> int:
        """Items that there are."""
        return sum(one.expected is not None for one in self._counted)

    @property
    def read(self) -> int:
        """Items that were read."""
        return sum(one.read is not None for one in self._counted)

    @property
    def mistakes(self) -> Sequence[str]:
        """What is wrong, in words; empty when nothing is."""
        wrong = [
            f"{one.field}: read {one.read or 'nothing'}, printed {one.expected}"
            for one in self.verdicts
            if not one.right
        ]
        return [
            *wrong,
            *(_mistake(one) for one in self._counted if not (one.expected and one.read)),
        ]

    @property
    def _counted(self) -> Sequence[ScoredItem]:
        return [one for one in self.items or () if not one.ignored]


def score(truth: Truth, read: Extraction | None) -> Score:
    """Compare; without a reading everything is wrong."""
    items = None
    if truth.line_items is not None:
        items = list(_matched(truth.line_items, read.line_items if read else []))
    return Score(list(_verdicts(truth, read)), items)


def _verdicts(truth: Truth, read: Extraction | None) -> Iterator[Verdict]:
    merchant, date, total = (read.merchant, read.date, read.total) if read else (None, None, None)
    if truth.merchant:
        name = merchant.name if merchant else None
        right = name is not None and _same_merchant(truth.merchant, name)
        yield Verdict(
            "merchant", truth.merchant, name, merchant.confidence if merchant else 0, right
        )
    if truth.date:
        value = date.value if date else None
        right = value in {truth.date, *truth.date_alternatives}
        yield Verdict("date", truth.date, value, date.confidence if date else 0, right)
    if truth.total is not None:
        amount = total.amount if total else None
        shown = None if amount is None else f"{amount:f}"
        right = amount == truth.total
        yield Verdict("total", f"{truth.total:f}", shown, total.confidence if total else 0, right)
    if truth.currency:
        code = total.currency if total else None
        yield Verdict(
            "currency",
            truth.currency,
            code,
            total.confidence if total else 0,
            code == truth.currency,
        )


def _matched(expected: Sequence[TruthItem], read: Sequence[LineItem]) -> Iterator[ScoredItem]:
    """Every item of both sides once; the most alike find each other first."""
    priced = [one for one in expected if one.total_price is not None]
    pairs = sorted(
        (-_likeness(truth.name, item), wanted, got)
        for wanted, truth in enumerate(priced)
        for got, item in enumerate(read)
        if item.total_price == truth.total_price
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for unlikeness, wanted, got in pairs:
        if -unlikeness >= _SAME_NAME and wanted not in partner and got not in taken:
            partner[wanted] = got
            taken.add(got)
    for wanted, truth in enumerate(priced):
        yield ScoredItem(truth, read[partner[wanted]] if wanted in partner else None)
    for truth in expected:
        if truth.total_price is None:
            like = (got for got, item in enumerate(read) if got not in taken
                    and _likeness(truth.name, item) >= _SAME_NAME)  # fmt: skip
            same = next(like, None)
            taken |= set() if same is None else {same}
            yield ScoredItem(truth, None if same is None else read[same], ignored=True)
    yield from (ScoredItem(None, item) for got, item in enumerate(read) if got not in taken)


def _same_merchant(expected: str, read: str) -> bool:
    return fuzz.token_set_ratio(expected.upper(), read.upper()) >= _SAME_MERCHANT


def _likeness(expected: str, item: LineItem) -> float:
    """0 to 100; of the readable and of the printed name, with and without spaces, the best."""
    return max(
        max(
            fuzz.token_set_ratio(expected.upper(), name.upper()),
            fuzz.ratio(_squeezed(expected), _squeezed(name)),
        )
        for name in (item.parsed_name, item.raw_text)
    )


def _squeezed(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _mistake(item: ScoredItem) -> str:
    if item.expected:
        return f"missed: {item.expected.name} {item.expected.total_price}"
    if item.read:
        price = "without a price" if item.read.total_price is None else item.read.total_price
        return f"not in the ground truth: {item.read.parsed_name} {price}"
    raise ValueError("an item without either side")
