"""Counts that are printed without a unit price: before a name, behind a star, in a column."""

import re
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.reading.rows.numbers import find_amounts

# Of a name with columns of numbers behind it: where they begin.
COLUMNS = re.compile(r"(?:(?<=\s)|^)(?:[-.,]*\d[-\d.,]*%?(?:\s+|$))+$")
_COUNT = re.compile(r"\d{1,3}")
LEADING_COUNT = re.compile(r"^\W*(\d{1,2})\s?[x×*]?\s+(?=\D)", re.IGNORECASE)
_CERTAIN_COUNT = re.compile(r"^\W*(\d{1,3})\s?[x×]\s+(?=\D)", re.IGNORECASE)
_MARKED_COUNT = re.compile(r"(?:^|(?<=\s))\*\s?([1-9]\d{0,2})(?=\s|$)")


def of_columns(words: str, price: Decimal | None) -> Quantity | None:
    """Of the numbers around the name a count and a unit price that make the price."""
    columns = COLUMNS.search(words)
    if not columns or price is None:
        return None
    numbers = columns[0].split()
    units = [amount.value for number in numbers for amount in find_amounts(number)]
    counts = [Decimal(number) for number in numbers if _COUNT.fullmatch(number)]
    leading = LEADING_COUNT.match(words)
    if leading:
        counts.append(Decimal(leading[1]))
    made = [Quantity(count, None, unit) for unit in units for count in counts if count > 0]
    near = (one for one in made if len(numbers) > 1 and one.nearly_makes(price))
    return next((one for one in made if one.makes(price)), next(near, None))


def of_leading_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """A count before the name, where nothing else can be meant, and the name without it."""
    leading = LEADING_COUNT.match(words)
    if leading and quantity and Decimal(leading[1]) == quantity.count:
        return quantity, words[leading.end() :]
    certain = _CERTAIN_COUNT.match(words)
    if certain and not quantity and int(certain[1]) > 0 and letters(words[certain.end() :]) >= 3:
        return each(Decimal(certain[1]), price), words[certain.end() :]
    return quantity, words


def of_marked_count(
    words: str, quantity: Quantity | None, price: Decimal | None
) -> tuple[Quantity | None, str]:
    """A count with a star before it, and the words without it."""
    marked = _MARKED_COUNT.search(words)
    if quantity or price is None or not marked:
        return quantity, words
    return each(Decimal(marked[1]), price), words[: marked.start()] + words[marked.end() :]


def each(count: Decimal, price: Decimal | None) -> Quantity:
    """A quantity with a unit price where the count divides the price to the cent."""
    unit = (price / count).quantize(Decimal("0.01")) if price is not None else None
    quantity = Quantity(count, None, unit)
    exact = unit is not None and price is not None and unit * count == price
    return quantity if exact else replace(quantity, unit_price=None)
