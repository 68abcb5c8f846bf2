"""Finds the kind and the closing amount of each row, and where the items begin and end."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.rows.kinds import row_kind
from worker.pipeline.reading.rows.labels import RowKind, names_a_discount
from worker.pipeline.reading.rows.numbers import Amount, closing_amount
from worker.pipeline.reading.rows.whole_amounts import WholeAmounts, with_decimals

_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
# A unit that engines read as digits: `1.17 1b @ $0.79 /1b`.
_MISREAD_POUND = re.compile(r"(?:(?<=\d )|(?<=/)|(?<=/ ))1b(?!\w)")
# No till prints rows of more characters, but pages of text may have them.
_LONGEST = 200
# Raised digits before or behind a number.
_RAISED = re.compile(
    r"[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+(?=[\d.,])|(?<=\d)[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+"
)
# The Arabic signs for decimals and thousands.
_SEPARATORS = {0x066B: ".", 0x066C: ","}
_LETTERS = re.compile(r"[^\W\d_]")
# The fewest letters of a name.
_NAME = 3
# A letter of Chinese, Japanese or Korean that may be a word. Behind a digit, it counts pieces.
_WORD_LETTER = re.compile(
    r"(?<!\d)[\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]"
)
_DATE = re.compile(r"(?<![\d.,/-])\d{1,4}([./-])\d{1,2}\1(?:20)?\d\d(?![\d/])")
# The most letters of a currency.
_CURRENCY = 3
# The most rows of the summary that are tried as the end of the items.
_REGIONS = 8
# Rows of these kinds end the list of items.
_SUMMARY = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT, RowKind.CHANGE})
# Rows of these kinds show that the receipt is complete.
_OF_A_TOTAL = frozenset({RowKind.TOTAL, RowKind.PAYMENT, RowKind.CHANGE})


@dataclass(frozen=True)
class ReadRow:
    """A row, with its kind and its closing amount as far as the row alone shows them.

    `printed` is its text, and `text` is the same with decimals behind amounts that have none, and
    with `lb` where `1b` was read. A kind `is_inferred` if it follows from the amounts of the
    receipt and not from words.
    """

    line: TextLine
    printed: str
    text: str
    kind: RowKind | None
    amount: Amount | None
    is_inferred: bool = False

    @property
    def value(self) -> Decimal:
        """The closing amount, or 0 if there is none."""
        return self.amount.value if self.amount else Decimal(0)

    def inferred(self, kind: RowKind) -> "ReadRow":
        """Return the row with a kind that follows from its amount, unless words decide it."""
        return self if self.kind else replace(self, kind=kind, is_inferred=True)

    @property
    def may_be_item(self) -> bool:
        """Whether the row may be about an item, or about a discount on one."""
        off = self.amount is not None and self.amount.value < 0
        return self.kind is None or (self.kind is RowKind.NOTE and off)

    @property
    def is_summary(self) -> bool:
        """Whether the row belongs to the block that follows the items."""
        return (self.kind in _SUMMARY and self.amount is not None) or self.kind is RowKind.COUNT


def read_rows(lines: Sequence[TextLine], whole: WholeAmounts | None = None) -> list[ReadRow]:
    """Find the kind and the closing amount of each row.

    `whole` is how the amounts are printed, if they have no decimals.
    """
    return _with_taxes(_with_labels_above([_read_row(line, whole) for line in lines]))


def _read_row(line: TextLine, whole: WholeAmounts | None) -> ReadRow:
    printed = _in_usual_signs(line.text)[:_LONGEST]
    text = _MISREAD_POUND.sub("lb", printed)
    text = with_decimals(line, text, whole) if whole else text
    amount = closing_amount(text)
    kind = row_kind(text, amount.start if amount else None)
    if kind is RowKind.PAYMENT and amount and amount.value < 0 and names_a_discount(text):
        kind = RowKind.NOTE
    return ReadRow(line, printed, text, kind, amount)


def _in_usual_signs(text: str) -> str:
    """Return a text with the digits 0 to 9, whatever the script, and without raised digits beside
    others, which refer to a note."""
    text = _RAISED.sub("", text).translate(_SEPARATORS)
    digits = (str(unicodedata.decimal(sign, sign)) for sign in text)
    # NFKC turns full-width letters into the usual ones.
    return unicodedata.normalize("NFKC", "".join(digits))


def _with_labels_above(rows: list[ReadRow]) -> list[ReadRow]:
    """Give a bare amount below a label of the summary the kind of its label."""
    return [
        replace(row, kind=above.kind)
        if above and above.kind in _SUMMARY and not above.amount and _is_bare(row)
        else row
        for above, row in zip([None, *rows], rows, strict=False)
    ]


def _is_bare(row: ReadRow) -> bool:
    """Return whether a row has an amount and no words but a currency."""
    if row.kind is not None or row.amount is None:
        return False
    words = row.text[: row.amount.start] + row.text[row.amount.end :]
    return letters(words) <= _CURRENCY


def _with_taxes(rows: list[ReadRow]) -> list[ReadRow]:
    """Mark rows with a rate between sub-total and total as taxes, such as `DC Meal 10% 0.87`."""
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
    """Return whether a row's amount is at most its rate of the sub-total.

    This leaves out rates such as that of the fat in milk.
    """
    rate = _RATE.search(row.text)
    if not (rate and row.amount and subtotal):
        return False
    share = subtotal.value * Decimal(rate[1].replace(",", ".")) / 100
    return 0 < row.amount.value <= share + Decimal("0.01")


def item_regions(rows: Sequence[ReadRow]) -> list[range]:
    """Return the ranges of rows that the items may be in, the likeliest first.

    They end at a row of the summary; there may be more items behind a sub-total, up to the end if
    the receipt has no total.
    """
    ends = [index for index, row in enumerate(rows) if row.is_summary][:_REGIONS]
    if not any(row.kind in _OF_A_TOTAL and row.amount for row in rows):
        ends.append(len(rows))
    begin = item_begin(rows)
    return [range(begin, max(begin, end)) for end in ends]


def item_begin(rows: Sequence[ReadRow]) -> int:
    """Return the row behind the heading, or else that of the name above the first amount."""
    end = next((index for index, row in enumerate(rows) if row.is_summary), len(rows))
    before = rows[:end]
    headings = [index + 1 for index, row in enumerate(before) if row.kind is RowKind.HEADING]
    priced = [index for index, row in enumerate(before) if row.amount]
    # A row with a date is about the receipt, or about an earlier one.
    undated = [index for index in priced if not _DATE.search(before[index].text)]
    amounts = [_name_above(index, before) for index in undated or priced]
    return (headings or amounts or [end])[0]


def _name_above(index: int, rows: Sequence[ReadRow]) -> int:
    """Return the index of the nearest row above with enough letters for a name.

    There may be other rows between, such as the number of a shelf. Returns 0 if there is none.
    """
    above = (number for number in range(index - 1, -1, -1) if may_be_name(rows[number].text))
    return next(above, 0)


def may_be_name(text: str) -> bool:
    """Return whether a text has enough letters for a name: three, or one that may be a word."""
    return letters(text) >= _NAME or bool(_WORD_LETTER.search(text))


def letters(text: str) -> int:
    """Count the letters of a text."""
    return len(_LETTERS.findall(text))
