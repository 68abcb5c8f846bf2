"""Corrects rows of items by the rows beside them, or by all of them together."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.counts import LEADING_COUNT, each
from worker.pipeline.reading.items.parts import ItemRow
from worker.pipeline.reading.items.products import of_unit_price
from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.reading.rows.numbers import find_amounts

# A size of a bottle whose letter for litres was read as a digit: 0,51.
_MISREAD_LITRES = re.compile(r"(?<![\d.,])\d[.,]\d1$")
_COUNT_AND_UNIT = re.compile(r"\d{1,3}\s+[A-Z]{2,6}")


def neighbours(
    parts: Sequence[ItemRow],
) -> Iterable[tuple[ItemRow | None, ItemRow, ItemRow | None]]:
    """Yield each row as (row above, row, row below), with None at either end."""
    return zip([None, *parts], parts, [*parts[1:], None], strict=False)


def in_context(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """Correct rows by their context, and leave out those without a name, a price or a quantity."""
    # An empty row, such as the number of a shelf, may separate a name from its numbers.
    useful = [part for part in parts if part.name or part.price or part.quantity]
    counted = _with_details(_without_units(useful))
    return _with_leading_counts(_without_prices_of_one(_without_sizes(_priced(counted))))


def names_stand_below(parts: Sequence[ItemRow]) -> bool:
    """Return whether rows of numbers have their names below rather than above them.

    The majority of these rows decides. On a tie the row behind the last price decides, since it is
    either a name or part of the summary.
    """
    beside = [(above, below) for above, part, below in neighbours(parts) if part.is_numbers]
    if not beside:
        return False
    names_above = sum(_is_name(above) for above, _ in beside)
    names_below = sum(_is_name(below) for _, below in beside)
    if names_above != names_below:
        return names_below > names_above
    *_, behind = (below for _, part, below in neighbours(parts) if part.price is not None)
    return _is_name(behind)


def _is_name(part: ItemRow | None) -> bool:
    return part is not None and part.is_name


def _is_numbers(part: ItemRow | None) -> bool:
    return part is not None and part.is_numbers


def _priced(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """Take the unit price of a named row as its price if no row beside it has another.

    A row that was read as the name `RICE` and a count of 4 is then the name `RICE 4X`.
    """
    return [
        replace(part, price=part.price_of_one, quantity=None)
        if part.name and part.price_of_one and not (_is_numbers(above) or _is_numbers(below))
        else part
        for above, part, below in neighbours(parts)
    ]


def _without_prices_of_one(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """Take `Deposit 0.25` as a name without a price if `4 x 0.25  1.00` follows."""
    return [
        replace(part, price=None) if part.name and _is_counted_below(part, below) else part
        for _, part, below in neighbours(parts)
    ]


def _without_sizes(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """Take the amount of `Beer 0,51` for a size, which was 0,5l, if the numbers are below it."""
    if names_stand_below(parts):
        return list(parts)
    return [
        replace(part, price=None) if _ends_with_size(part) and _has_own_price(below) else part
        for _, part, below in neighbours(parts)
    ]


def _ends_with_size(part: ItemRow) -> bool:
    """Return whether the amount of a named row is a number and a misread letter for litres."""
    return bool(part.name and not part.quantity and _MISREAD_LITRES.search(part.row.printed))


def _has_own_price(part: ItemRow | None) -> bool:
    """Return whether a row without a name has a quantity that makes its price."""
    counted = part.quantity if part and not part.name else None
    return bool(part and part.price and counted and counted.makes(part.price))


def _is_counted_below(part: ItemRow, below: ItemRow | None) -> bool:
    if part.price is None or part.quantity or below is None or below.name or not below.price:
        return False
    counted = below.quantity
    return counted is not None and counted.unit_price == part.price and counted.makes(below.price)


def _with_leading_counts(parts: list[ItemRow]) -> list[ItemRow]:
    """Take the counts before names as quantities if at least half of the names have one.

    Otherwise they may belong to the names. If no count is 1, the numbers mean something else.
    """
    names = [part.row.text for part in parts if part.name and part.price]
    counts = [int(match[1]) for text in names if (match := LEADING_COUNT.match(text))]
    if len(counts) * 2 < len(names) or 1 not in counts:
        return parts
    return [_counted(part) for part in parts]


def _without_units(parts: list[ItemRow]) -> list[ItemRow]:
    """Remove the name `WALK` from `1 WALK 1.60 1.60`, where it is a unit, if names are above."""
    if not all(_is_name(above) for above, part, _ in neighbours(parts) if _unit(part)):
        return parts
    units = {_unit(part) for part in parts} - {None}
    return [
        replace(part, name="", has_scrap=False)
        if part.price and _unit_word(part) in units
        else part
        for part in parts
    ]


def _with_details(parts: list[ItemRow]) -> list[ItemRow]:
    """Take `3 $1.99 ea` as a quantity if the price of the item beside it is three times as much."""
    return [
        replace(part, price=None, quantity=quantity)
        if (quantity := _detail(above, part, below))
        else part
        for above, part, below in neighbours(parts)
    ]


def _detail(above: ItemRow | None, part: ItemRow, below: ItemRow | None) -> Quantity | None:
    """Return the quantity of a row without a name, whose last amount is the unit price."""
    amount = part.row.amount
    if part.name or part.price is None or part.quantity or amount is None:
        return None
    prices = [near.price for near in (above, below) if near and near.name and near.price]
    quantities = (of_unit_price(part.row.text, amount, price) for price in prices)
    return next((quantity for quantity in quantities if quantity), None)


def _unit(part: ItemRow) -> str | None:
    """Return the word between a count and the amounts of a row with at least two amounts."""
    counted = _COUNT_AND_UNIT.match(part.row.text)
    is_all = counted and len(part.name.split()) <= 2 and len(find_amounts(part.row.text)) > 1
    return _unit_word(part) if is_all else None


def _unit_word(part: ItemRow) -> str:
    return part.name.lstrip("0123456789 ")


def _counted(part: ItemRow) -> ItemRow:
    match = LEADING_COUNT.match(part.name)
    if match is None or int(match[1]) == 0 or letters(part.name[match.end() :]) < 3:
        return part
    quantity = part.quantity or (each(Decimal(match[1]), part.price) if part.price else None)
    return replace(part, name=part.name[match.end() :], quantity=quantity)
