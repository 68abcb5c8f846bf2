"""Finds counts that are not printed as `2 x 1.50`: before a name, behind a star, in a column."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain

from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.reading.rows.numbers import find_amounts

# The columns of numbers behind a name.
_COLUMNS = re.compile(r"(?:(?<=\s)|^)(?:[-.,]*\d[-\d.,]*%?(?:\s+|$))+$")
_COUNT = re.compile(r"\d{1,3}")
LEADING_COUNT = re.compile(r"^\W*(\d{1,2})\s?[x×*]?\s+(?=\D)", re.IGNORECASE)
_CERTAIN_COUNT = re.compile(r"^\W*(\d{1,3})\s?[x×]\s+(?=\D)", re.IGNORECASE)
_MARKED_COUNT = re.compile(r"(?:^|(?<=\s))\*\s?([1-9]\d{0,2})(?=\s|$)")


def find_count(words: str, price: Decimal | None) -> tuple[Quantity | None, str]:
    """Find a count that is not printed together with its unit price.

    `words` are those of a row before its price. Returns the quantity, if any, and the words
    without it.
    """
    quantity = _from_columns(words, price)
    words = without_columns(words, certain=quantity is not None)
    quantity, words = _from_leading_count(words, quantity, price)
    return _from_marked_count(words, quantity, price)


def without_columns(words: str, *, certain: bool = True) -> str:
    """Cut the columns of numbers off the end of `words`.

    Unless it is `certain` that they are columns, they are cut only where they hold an amount.
    """
    columns = _COLUMNS.search(words)
    if columns and (certain or find_amounts(columns[0])):
        return words[: columns.start()]
    return words


def _from_columns(words: str, price: Decimal | None) -> Quantity | None:
    """Find a count and a unit price among the numbers around the name that make the price."""
    columns = _COLUMNS.search(words)
    if not columns or price is None:
        return None
    numbers = columns[0].split()
    quantities = _quantities(numbers, LEADING_COUNT.match(words))
    exact = (quantity for quantity in quantities if quantity.makes(price))
    near = (quantity for quantity in quantities if quantity.nearly_makes(price))
    return next(chain(exact, near if len(numbers) > 1 else ()), None)


def _quantities(numbers: Sequence[str], leading: re.Match[str] | None) -> list[Quantity]:
    """Return every pair of a count, which may also be before the name, and a unit price."""
    prices = [amount.value for number in numbers for amount in find_amounts(number)]
    counts = [Decimal(number) for number in numbers if _COUNT.fullmatch(number)]
    if leading:
        counts.append(Decimal(leading[1]))
    return [Quantity(count, None, price) for price in prices for count in counts if count > 0]


def _from_leading_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """Take a count before the name if nothing else can be meant, and remove it from the words."""
    leading = LEADING_COUNT.match(words)
    if leading and quantity and Decimal(leading[1]) == quantity.count:
        return quantity, words[leading.end() :]
    certain = _CERTAIN_COUNT.match(words)
    if certain and not quantity and int(certain[1]) > 0 and letters(words[certain.end() :]) >= 3:
        return each(Decimal(certain[1]), price), words[certain.end() :]
    return quantity, words


def _from_marked_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """Take a count with a star before it, and remove it from the words."""
    marked = _MARKED_COUNT.search(words)
    if quantity or price is None or not marked:
        return quantity, words
    return each(Decimal(marked[1]), price), words[: marked.start()] + words[marked.end() :]


def each(count: Decimal, price: Decimal | None) -> Quantity:
    """Return a quantity, with a unit price only if the count divides the price to the cent."""
    unit = (price / count).quantize(Decimal("0.01")) if price is not None else None
    quantity = Quantity(count, None, unit)
    exact = unit is not None and price is not None and unit * count == price
    return quantity if exact else replace(quantity, unit_price=None)
