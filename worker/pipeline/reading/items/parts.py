"""Takes one row of the list of items apart: a name, a quantity, a price, or some of these."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.fields.item_rows import load_item_words
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.knowledge.units import any_unit
from worker.pipeline.reading.items.counts import find_count, without_columns
from worker.pipeline.reading.items.products import find_product
from worker.pipeline.reading.items.quantities import PrintedQuantity, Quantity, find_quantities
from worker.pipeline.reading.items.sizes import find_sizes
from worker.pipeline.reading.rows.layout import ReadRow, letters, may_be_name
from worker.pipeline.reading.rows.numbers import Amount, find_amounts

_LONG_CODE = re.compile(r"\b(?:[A-Z]{0,3}-)?\d{6,}\b\s*")
# An article number with letters: BEN02.
_CODED = re.compile(r"[A-Z]{1,4}\d{2,}[A-Z\d-]*")
# A mark for a tax before or behind a name: `% Soap`, `Soap %`.
_MARK = re.compile(r"^[%#^]\s?(?=[^\W\d_])|(?<=[^\W\d_])\s[%#^]$")
# A short name of two initials: L&P.
_INITIALS = re.compile(r"[^\W\d_]{1,2}&[^\W\d_]{1,2}(?!\w)")
# Fewer letters than this behind a quantity are no name.
_SCRAP = 4
# A word that may be a short name: XO.
_SCRAP_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
# A price whose separator or one of whose digits was lost: 0650, 1.9S.
_DEBRIS = re.compile(r"(?<=\s)(?=\S*\d)[\dOoSIlB]{1,4}[.,:;]?[\dOoSIlB]{1,2}\s?[A-Z*]?$")


@dataclass(frozen=True)
class ItemRow:
    """A row of the list of items.

    `name` is empty if the row has none. `price` is that of the whole item; `price_of_one` is the
    unit price of a row that has no other price. It `has_scrap` if letters are left that may be
    a name.
    """

    row: ReadRow
    name: str
    quantity: Quantity | None
    price: Decimal | None
    price_of_one: Decimal | None = None
    has_scrap: bool = False

    @property
    def is_name(self) -> bool:
        """Whether the row has a name and no price."""
        return bool(self.name) and self.price is None and not _of_the_till().search(self.row.text)

    @property
    def is_numbers(self) -> bool:
        """Whether the row has a price and no name, or only a code or the scrap of a quantity."""
        if self.price is None or not self.name:
            return self.price is not None
        counted = self.quantity is not None and self.row.text.lstrip(" *(")[:1].isdigit()
        is_scrap = counted and letters(self.name) < _SCRAP
        return is_scrap or bool(_CODED.fullmatch(self.name))

    @property
    def has_unreadable_price(self) -> bool:
        """Whether the row has a name and ends in what looks like a damaged price."""
        text = self.row.text
        has_debris = bool(self.name) and self.price is None and bool(_DEBRIS.search(text))
        return has_debris and all(size.end < len(text) for size in find_sizes(text))

    @property
    def is_detail(self) -> bool:
        """Whether the row has a quantity and nothing else."""
        return self.quantity is not None and self.price is None and not self.name


def read_item_row(row: ReadRow) -> ItemRow:
    """Take a row apart into name, quantity and price."""
    printed, amount = _printed_quantity(row), row.amount
    if printed and amount and _holds_price(printed, amount):
        words = without_columns(_tidied(row.text[: printed.start]))
        return ItemRow(row, _name(words, None), printed.quantity, None, price_of_one=amount.value)
    price, end = (amount.value, amount.start) if amount else (None, None)
    if printed:
        quantity: Quantity | None = printed.quantity
        words = without_columns(_tidied(row.text[: printed.start] + row.text[printed.end : end]))
    else:
        printed_words = _tidied(row.text[:end])
        quantity, words = find_count(printed_words, price)
        product = find_product(printed_words, price) if price and not quantity else None
        if product:
            quantity, words = product.quantity, product.rest
    has_scrap = bool(_SCRAP_WORD.search(_of_a_price().sub(" ", words)))
    return ItemRow(row, _name(words, price), quantity, price, has_scrap=has_scrap)


def _printed_quantity(row: ReadRow) -> PrintedQuantity | None:
    """Return the likeliest quantity of a row that agrees with its price."""
    return next((found for found in find_quantities(row.text) if _fits(found, row.amount)), None)


def _fits(printed: PrintedQuantity, amount: Amount | None) -> bool:
    """Return whether a quantity and the amount of its row agree.

    They do not in `100G x 1.20 1.20`, which has a size and a price.
    """
    if amount is None or _holds_price(printed, amount):
        return True
    return printed.quantity.makes(amount.value) or printed.quantity.nearly_makes(amount.value)


def _holds_price(printed: PrintedQuantity, amount: Amount) -> bool:
    """Return whether the row's last amount is the unit price in its quantity, so that the row has
    no price of its own."""
    return amount.start + 1 < printed.end


def _tidied(words: str) -> str:
    """Remove asides and long article numbers from words."""
    return _LONG_CODE.sub("", _aside().sub(" ", words))


def _name(words: str, price: Decimal | None) -> str:
    """Return the name at the start of the words left in a row; empty if there is none."""
    first = next(iter(find_amounts(words)), None)
    if first and may_be_name(words[: first.start]):
        words = words[: first.start]
    name = _MARK.sub("", words.strip(" \t:;.,*-|@=").rstrip("( "))
    if may_be_name(_of_a_price().sub("", name)) or _INITIALS.match(name):
        return name
    # A discount needs no more than a rate.
    return name if price is not None and price < 0 and "%" in name else ""


@cache
def _aside() -> re.Pattern[str]:
    """Match what a till adds about a price: (Disc: 1.53), TARE .01, was 9.99 now."""
    till = vocabulary().till
    return re.compile(
        rf"\([^()]*\d[.,]\d\d[^()]*\)|\b{any_of(till.packaging)}\b\s*[.,\d]+"
        rf"|\b{any_of(till.asides)}\b",
        re.IGNORECASE,
    )


@cache
def _of_the_till() -> re.Pattern[str]:
    """Match what a till prints that is not about goods, such as a time."""
    till = vocabulary().till
    return re.compile(
        rf"\d\d?:\d\d|:\s*#?\d+\s*$|\b{any_of(till.words)}\b"
        rf"|\b{any_of(till.numbered)}\b\s*[#:.\d]|^\*+\s?{any_of(till.titles)}\s?\*+$",
        re.IGNORECASE,
    )


@cache
def _of_a_price() -> re.Pattern[str]:
    """Match what belongs to a price: its currency, and the unit that it is for."""
    pieces = any_of(vocabulary().quantities.pieces)
    words = load_item_words()
    around = any_of((*words.before_counts, *words.behind_units))
    currency = rf"(?<![^\W\d_]){beside_amounts()}(?![^\W\d_])"
    return re.compile(
        rf"{currency}|/?\s?\b(?:{any_unit()}|100\s?g|{pieces}|{around})\b", re.IGNORECASE
    )
