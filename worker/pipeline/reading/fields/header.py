"""Finds the rows above the items, and which of them may be a name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import median

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.reading.fields.merchant_words import (
    beside_kinds,
    company,
    has_legal_form,
    has_moment,
    is_address,
    is_labelled,
    legal_form,
    not_a_name,
    quoted,
    shop,
    slogan,
    title,
    with_letters,
    without_numbers,
)
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow, letters

_BRACKETS = re.compile(r"\([^()]*\)")
# The most rows of a header.
_LOOK_AT = 14
_FEWEST = 3
# The letters of `and` or `the`.
_SMALL_WORD = 3
# Print of so many times the usual height is large; only such a name may have two letters.
_LARGE = 1.25


@dataclass(frozen=True)
class HeaderRow:
    """A row of the header; `height` is that of its print, as a multiple of the usual height."""

    row: ReadRow
    height: float

    @cached_property
    def text(self) -> str:
        """The text of the row, without what stands behind the name of a company."""
        return company(self.row.text)

    @cached_property
    def is_form(self) -> bool:
        """Whether the row has nothing but the legal form of the company in the row above."""
        return bool(legal_form().fullmatch(with_letters(self.text).strip(" .")))

    @cached_property
    def has_form(self) -> bool:
        """Whether the row has the legal form of a company."""
        return has_legal_form(self.text)

    @cached_property
    def is_shop(self) -> bool:
        """Whether the row has a kind of shop and more, but no number, as a street would have."""
        if any(map(str.isdigit, self.text)) or not shop().search(self.text):
            return False
        return letters(shop().sub("", self.text)) > 1

    @cached_property
    def is_kind(self) -> bool:
        """Whether the row has nothing but a kind of shop, such as `Bar & Grill`."""
        rest = letters(beside_kinds(self.text))
        return not self.has_form and rest <= _SMALL_WORD and bool(shop().search(self.text))

    @cached_property
    def is_address(self) -> bool:
        """Whether the row is a part of an address, or a telephone number."""
        return not (self.has_form or self.is_shop) and is_address(self.text)

    @cached_property
    def is_slogan(self) -> bool:
        """Whether the row is advertising."""
        return bool(slogan().search(self.text)) and not self.has_form

    @cached_property
    def is_title(self) -> bool:
        """Whether the row has the title of the document."""
        return bool(title().search(self.text))

    @property
    def is_large(self) -> bool:
        """Whether the print is larger than that of the rest, as in a logo."""
        return self.height >= _LARGE

    @cached_property
    def is_nameless(self) -> bool:
        """Whether the row has no name: a number, a greeting, a till, a date, or opening hours."""
        name = _BRACKETS.sub("", without_numbers(quoted(self.text) or self.text))
        found = letters(_money().sub("", name))
        if found < (2 if self.is_large else _FEWEST) or not_a_name().search(name):
            return True
        if self.has_form:
            return False
        digits = sum(map(str.isdigit, name))
        return is_labelled(self.text) or has_moment(self.text) or digits > found

    @property
    def may_name(self) -> bool:
        """Whether the row may be the merchant's name, or a slogan, as far as it alone shows."""
        return not (self.is_nameless or self.is_form or self.is_address)


def read_header(rows: Sequence[ReadRow]) -> list[HeaderRow]:
    """Return the rows above the first heading or amount."""
    header: list[ReadRow] = []
    for row in rows[:_LOOK_AT]:
        if row.kind is RowKind.HEADING or (header and row.amount and row.amount.value):
            break
        header.append(row)
    if not header:
        return []
    # The letters of a PDF's text layer may have a height of 0.
    usual = median(row.line.height for row in rows) or 1.0
    return [HeaderRow(row, row.line.height / usual) for row in header]


@cache
def _money() -> re.Pattern[str]:
    """Match a currency that stands by itself, as above a column of prices."""
    return re.compile(rf"^\W*{beside_amounts()}\W*$", re.IGNORECASE)
