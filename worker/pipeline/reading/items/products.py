"""Finds a quantity by arithmetic: two numbers of a row that multiply to its price.

This needs no sign between them and no word that is known: `3 $1.99 ea $5.97` has a count and a
unit price all the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.units import any_unit, unit_named
from worker.pipeline.reading.items.quantities import Quantity, without_pieces
from worker.pipeline.reading.rows.numbers import Amount, find_amounts


@dataclass(frozen=True)
class FoundProduct:
    """A quantity, and the words of its row without it."""

    quantity: Quantity
    rest: str


@dataclass(frozen=True)
class _Count:
    value: Decimal
    unit: str | None
    start: int
    end: int


def find_product(words: str, price: Decimal) -> FoundProduct | None:
    """Find a count and a unit price among the words before a price that make it.

    Counts other than 1 are preferred, since a price may be printed twice.
    """
    found = [
        (count, single)
        for count in _counts(words)
        for single in find_amounts(words)
        if (count.end <= single.start or single.end <= count.start)
        and Quantity(count.value, count.unit, single.value).makes(price)
    ]
    if not found:
        return _glued(words, price)
    count, single = min(found, key=lambda pair: (pair[0].value == 1, pair[0].start))
    first, second = sorted([(count.start, count.end), (single.start, single.end)])
    rest = f"{words[: first[0]]} {words[first[1] : second[0]]} {words[second[1] :]}"
    return FoundProduct(Quantity(count.value, count.unit, single.value), rest)


def of_unit_price(text: str, unit_price: Amount, price: Decimal) -> Quantity | None:
    """Return the quantity in a row that ends with a unit price, if it makes a price beside it."""
    quantities = (
        Quantity(count.value, count.unit, unit_price.value)
        for count in _counts(text[: unit_price.start])
    )
    return next((quantity for quantity in quantities if quantity.makes(price)), None)


def _glued(words: str, price: Decimal) -> FoundProduct | None:
    """Find a count that was read as the end of a code: `04053 612.00 1836.00` has three."""
    for single in find_amounts(words):
        many = price / single.value if single.value else Decimal(0)
        code = re.search(r"\b\d{3,}(?=\s)", words[: single.start])
        if code and many == int(many) > 1 and code[0].endswith(str(int(many))):
            return FoundProduct(Quantity(many, None, single.value), words[: single.start])
    return None


def _counts(text: str) -> Iterator[_Count]:
    """Yield the numbers that may be counts or weights, each with the unit behind it."""
    for match in _count().finditer(text):
        value = Decimal(match["count"].replace(",", "."))
        if value > 0:
            unit = without_pieces(unit_named(match["unit"] or ""))
            yield _Count(value, unit, match.start(), match.end())


@cache
def _count() -> re.Pattern[str]:
    return re.compile(
        r"(?<![\w.,/%])(?P<count>\d{1,3}(?:[.,]\d{1,3})?)"
        rf"(?:\s?(?P<unit>{any_unit()})\b\.?)?(?![\w.,/%])",
        re.IGNORECASE,
    )
