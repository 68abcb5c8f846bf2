"""What each row is: its kind, its closing amount, and where the bought things begin and end."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.rows.kinds import row_kind
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.numbers import Amount, closing_amount

_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
# No till prints longer rows; pages of text may have them.
_LONGEST = 200
_LETTERS = re.compile(r"[^\W\d_]")
# How many rows of the summary are tried as the end of the items.
_REGIONS = 8
# Any of these ends the list of items.
_SUMMARY = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT, RowKind.CHANGE})


@dataclass(frozen=True)
class ReadRow:
    """A row with what can be told from itself alone."""

    line: TextLine
    text: str
    kind: RowKind | None
    amount: Amount | None

    @property
    def may_be_item(self) -> bool:
        """A row that may tell of a bought thing, or of what was taken off its price."""
        off = self.amount is not None and self.amount.value < 0
        return self.kind is None or (self.kind is RowKind.NOTE and off)

    @property
    def is_summary(self) -> bool:
        """A row of the block that follows the items."""
        return (self.kind in _SUMMARY and self.amount is not None) or self.kind is RowKind.COUNT


def read_rows(lines: Sequence[TextLine]) -> list[ReadRow]:
    """Rows with their kind and closing amount."""
    return _with_taxes([_read_row(line) for line in lines])


def _read_row(line: TextLine) -> ReadRow:
    # Wide digits and letters as usual ones.
    text = unicodedata.normalize("NFKC", line.text)[:_LONGEST]
    amount = closing_amount(text)
    return ReadRow(line, text, row_kind(text, amount.start if amount else None), amount)


def _with_taxes(rows: list[ReadRow]) -> list[ReadRow]:
    """A rate between sub-total and total is a tax's, whatever it is called: `DC Meal 10% 0.87`."""
    kinds = [row.kind for row in rows]
    if RowKind.SUBTOTAL not in kinds:
        return rows
    begin = kinds.index(RowKind.SUBTOTAL)
    end = next((at for at in range(begin, len(rows)) if kinds[at] is RowKind.TOTAL), begin)
    return [
        replace(row, kind=RowKind.TAX)
        if begin < at < end and row.kind is None and _is_share(row, rows[begin].amount)
        else row
        for at, row in enumerate(rows)
    ]


def _is_share(row: ReadRow, subtotal: Amount | None) -> bool:
    """Whether a row's amount is at most its rate of the sub-total: fat milk has a rate, too."""
    rate = _RATE.search(row.text)
    if not (rate and row.amount and subtotal):
        return False
    share = subtotal.value * Decimal(rate[1].replace(",", ".")) / 100
    return 0 < row.amount.value <= share + Decimal("0.01")


def item_regions(rows: Sequence[ReadRow]) -> list[range]:
    """Indices of the rows among which the items may be: from the heading, or the first amount and
    the row above it, to a row of the summary. The first is the likeliest; behind a sub-total there
    may be more of them."""
    ends = [index for index, row in enumerate(rows) if row.is_summary] or [len(rows)]
    before = rows[: ends[0]]
    headings = [index + 1 for index, row in enumerate(before) if row.kind is RowKind.HEADING]
    amounts = [_name_above(index, before) for index, row in enumerate(before) if row.amount]
    begin = (headings or amounts or ends)[0]
    return [range(begin, end) for end in ends[:_REGIONS]]


def _name_above(index: int, rows: Sequence[ReadRow]) -> int:
    """The row above that has letters enough for a name; the number of a shelf may lie between."""
    above = (number for number in range(index - 1, -1, -1) if letters(rows[number].text) >= 3)
    return next(above, 0)


def letters(text: str) -> int:
    """How many letters a text has."""
    return len(_LETTERS.findall(text))
