"""What only the rows beside a row, or all of them together, tell about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.counts import LEADING_COUNT, each
from worker.pipeline.reading.items.parts import ItemRow
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.reading.rows.numbers import find_amounts

_COUNT_AND_UNIT = re.compile(r"\d{1,3}\s+[A-Z]{2,6}")


def neighbours(
    parts: Sequence[ItemRow],
) -> Iterable[tuple[ItemRow | None, ItemRow, ItemRow | None]]:
    """Every row between the one above it and the one below it; None at either end."""
    return zip([None, *parts], parts, [*parts[1:], None], strict=False)


def in_context(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """Correct each row by what the rows beside it, or all of them together, say about it."""
    # What says nothing, such as the number of a shelf, may part a name from its numbers.
    telling = [part for part in parts if part.name or part.price or part.quantity]
    return _with_leading_counts(_without_prices_of_one(_priced(_without_units(telling))))


def names_stand_below(parts: Sequence[ItemRow]) -> bool:
    """Whether rows of numbers have their names below rather than above them.

    Most of these rows decide. On a tie the row behind the last price does, for there stands either
    a name or the summary.
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
    """What stands behind a name and a count is the price, where no row beside it has another: the
    name is `RICE 4X` then."""
    return [
        replace(part, price=part.price_of_one, quantity=None)
        if part.name and part.price_of_one and not (_is_numbers(above) or _is_numbers(below))
        else part
        for above, part, below in neighbours(parts)
    ]


def _without_prices_of_one(parts: Sequence[ItemRow]) -> list[ItemRow]:
    """`Deposit 0.25` is only a name where `4 x 0.25  1.00` follows."""
    return [
        replace(part, price=None) if part.name and _is_counted_below(part, below) else part
        for _, part, below in neighbours(parts)
    ]


def _is_counted_below(part: ItemRow, below: ItemRow | None) -> bool:
    if part.price is None or part.quantity or below is None or below.name or not below.price:
        return False
    counted = below.quantity
    return counted is not None and counted.unit_price == part.price and counted.makes(below.price)


def _with_leading_counts(parts: list[ItemRow]) -> list[ItemRow]:
    """The count that stands before a name taken for the quantity, where at least half of all names
    have one; elsewhere it may well belong to the name. Where nothing was bought once, the numbers
    say something else."""
    names = [part.row.text for part in parts if part.name and part.price]
    counts = [int(match[1]) for text in names if (match := LEADING_COUNT.match(text))]
    if len(counts) * 2 < len(names) or 1 not in counts:
        return parts
    return [_counted(part) for part in parts]


def _without_units(parts: list[ItemRow]) -> list[ItemRow]:
    """`WALK` in `1 WALK 1.60 1.60` is no name but a unit, where the name has the row above."""
    if not all(_is_name(above) for above, part, _ in neighbours(parts) if _unit(part)):
        return parts
    units = {_unit(part) for part in parts} - {None}
    return [
        replace(part, name="") if part.price and _unit_word(part) in units else part
        for part in parts
    ]


def _unit(part: ItemRow) -> str | None:
    """The word between the count and the amounts, where there are two amounts or more."""
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
