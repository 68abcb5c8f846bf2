"""What each row is: its kind, its closing amount, and where the bought things begin and end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.lexicon import RowKind, row_kind
from worker.pipeline.reading.numbers import Amount, closing_amount

_LETTERS = re.compile(r"[^\W\d_]")
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
    def is_text(self) -> bool:
        """Words without an amount, about nothing in particular: perhaps the name of an item."""
        return self.kind is None and self.amount is None and letters(self.text) >= 3

    @property
    def is_summary(self) -> bool:
        """A row of the block that follows the items."""
        return (self.kind in _SUMMARY and self.amount is not None) or self.kind is RowKind.COUNT


def read_rows(lines: Sequence[TextLine]) -> list[ReadRow]:
    """Rows with their kind and closing amount."""
    return [
        ReadRow(line, line.text, row_kind(line.text), closing_amount(line.text)) for line in lines
    ]


def item_region(rows: Sequence[ReadRow]) -> range:
    """Indices of the rows among which the items are: from the heading, or the first amount and the
    row above it, to the first row of the summary."""
    end = next((index for index, row in enumerate(rows) if row.is_summary), len(rows))
    before = rows[:end]
    headings = [index + 1 for index, row in enumerate(before) if row.kind is RowKind.HEADING]
    amounts = [max(index - 1, 0) for index, row in enumerate(before) if row.amount]
    return range((headings or amounts or [end])[0], end)


def letters(text: str) -> int:
    """How many letters a text has."""
    return len(_LETTERS.findall(text))
