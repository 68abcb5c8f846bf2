"""The rows of a receipt with the places of their words, and the parts above and below the goods."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher

from shared.contracts.receipts.printed import Box, PrintedAmount, PrintedText
from worker.pipeline.ocr.text import Word
from worker.pipeline.reading.places import Places
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import Amount
from worker.pipeline.reading.sums.ledger import Ledger


@dataclass(frozen=True)
class Span:
    """A part of the printed text of a row: `start` to `end` (exclusive)."""

    row: ReadRow
    start: int
    end: int

    @property
    def words(self) -> Sequence[Word]:
        """The words that the part touches."""
        return words_of(self.row, self.start, self.end)


@dataclass(frozen=True)
class Sheet:
    """The rows of one receipt, and the reading of their sums.

    The goods are from the row `first` to the row before `behind`.
    """

    ledger: Ledger
    places: Places
    first: int
    behind: int

    @property
    def rows(self) -> Sequence[ReadRow]:
        """All rows from top to bottom."""
        return self.ledger.rows

    @property
    def header(self) -> Sequence[ReadRow]:
        """The rows above the goods."""
        return self.rows[: self.first]

    @property
    def footer(self) -> Sequence[ReadRow]:
        """The rows below the goods."""
        return self.rows[self.behind :]

    @property
    def around(self) -> Sequence[ReadRow]:
        """The rows above and below the goods."""
        return [*self.header, *self.footer]

    @property
    def total(self) -> Decimal | None:
        """The amount to pay."""
        return self.ledger.total.amount if self.ledger.total else None

    def text(self, value: str, spans: Sequence[Span], trust: float) -> PrintedText:
        """Return a text with its places. `trust` is how sure it is if it was recognised well."""
        words = [word for span in spans for word in span.words]
        return PrintedText(
            value=value, confidence=confidence(words, trust), boxes=self.places.boxes(words)
        )

    def amount(self, row: ReadRow, value: Decimal, trust: float) -> PrintedAmount:
        """Return the closing amount of a row, or a `value` that follows from it."""
        words = amount_words(row)
        return PrintedAmount(
            amount=value, confidence=confidence(words, trust), boxes=self.places.boxes(words)
        )

    def boxes(self, words: Iterable[Word]) -> list[Box]:
        """Return the places of words."""
        return self.places.boxes(words)


def sheet_of(ledger: Ledger, places: Places) -> Sheet:
    """Find the rows of the goods. Without any, all rows are above and below them."""
    lines = {id(row.line) for item in ledger.items for row in item.rows}
    goods = [index for index, row in enumerate(ledger.rows) if id(row.line) in lines]
    if not goods:
        return Sheet(ledger, places, len(ledger.rows), len(ledger.rows))
    return Sheet(ledger, places, goods[0], goods[-1] + 1)


def words_of(row: ReadRow, start: int, end: int) -> list[Word]:
    """Return the words that a part of a row's printed text touches."""
    found, begin = [], 0
    for word in row.line.words:
        # The printed text is that of the words in Unicode's form NFKC, with blanks between them.
        behind = begin + len(unicodedata.normalize("NFKC", word.text))
        if begin < end and start < behind:
            found.append(word)
        begin = behind + 1
    return found


def amount_words(row: ReadRow, amount: Amount | None = None) -> list[Word]:
    """Return the words of an amount of a row, of the closing one if none is given."""
    amount = amount or row.amount
    if amount is None:
        return []
    start, end = in_print(row, amount.start, amount.end)
    return words_of(row, start, end)


def in_print(row: ReadRow, start: int, end: int) -> tuple[int, int]:
    """Return the part of the printed text which a part of the text with decimals stands for."""
    if row.text == row.printed:
        return start, end
    blocks = SequenceMatcher(None, row.text, row.printed, autojunk=False).get_matching_blocks()
    same = {a + k: b + k for a, b, size in blocks for k in range(size)}
    kept = [same[at] for at in range(start, end) if at in same]
    return (kept[0], kept[-1] + 1) if kept else (0, 0)


def confidence(words: Sequence[Word], trust: float) -> float:
    """Return the confidence in what words say: that of the worst one, times `trust`."""
    worst = min((word.confidence for word in words), default=1.0)
    return round(min(max(worst * trust, 0.0), 1.0), 3)
