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
    rows: Sequence[ItemRow],
) -> Iterable[tuple[ItemRow | None, ItemRow, ItemRow | None]]:
    """Every row between the one above it and the one below it; None at either end."""
    return zip([None, *rows], rows, [*rows[1:], None], strict=False)


def in_context(rows: Sequence[ItemRow]) -> list[ItemRow]:
    """Correct each row by what the rows beside it, or all of them together, say about it."""
    # What says nothing, such as the number of a shelf, may part a name from its numbers.
    telling = [row for row in rows if row.name or row.price or row.quantity]
    return _with_leading_counts(_without_prices_of_one(_priced(_without_units(telling))))


def names_stand_below(rows: Sequence[ItemRow]) -> bool:
    """Whether rows of numbers have their names below rather than above them.

    Most of these rows decide. On a tie the row behind the last price does, for there stands either
    a name or the summary.
    """
    beside = [(above, below) for above, row, below in neighbours(rows) if row.is_numbers]
    if not beside:
        return False
    names_above = sum(_is_name(above) for above, _ in beside)
    names_below = sum(_is_name(below) for _, below in beside)
    if names_above != names_below:
        return names_below > names_above
    *_, behind = (below for _, row, below in neighbours(rows) if row.price is not None)
    return _is_name(behind)


def _is_name(row: ItemRow | None) -> bool:
    return row is not None and row.is_name


def _is_numbers(row: ItemRow | None) -> bool:
    return row is not None and row.is_numbers


def _priced(rows: Sequence[ItemRow]) -> list[ItemRow]:
    """What stands behind a name and a count is the price, where no row beside it has another: the
    name is `RICE 4X` then."""
    return [
        replace(row, price=row.price_of_one, quantity=None)
        if row.name and row.price_of_one and not (_is_numbers(above) or _is_numbers(below))
        else row
        for above, row, below in neighbours(rows)
    ]


def _without_prices_of_one(rows: Sequence[ItemRow]) -> list[ItemRow]:
    """`Deposit 0.25` is only a name where `4 x 0.25  1.00` follows."""
    return [
        replace(row, price=None) if row.name and _is_counted_below(row, below) else row
        for _, row, below in neighbours(rows)
    ]


def _is_counted_below(row: ItemRow, below: ItemRow | None) -> bool:
    if row.price is None or row.quantity or below is None or below.name or not below.price:
        return False
    counted = below.quantity
    return counted is not None and counted.unit_price == row.price and counted.makes(below.price)


def _with_leading_counts(rows: list[ItemRow]) -> list[ItemRow]:
    """The count that stands before a name taken for the quantity, where at least half of all names
    have one; elsewhere it may well belong to the name. Where nothing was bought once, the numbers
    say something else."""
    names = [row.printed.text for row in rows if row.name and row.price]
    counts = [int(match[1]) for text in names if (match := LEADING_COUNT.match(text))]
    if len(counts) * 2 < len(names) or 1 not in counts:
        return rows
    return [_counted(row) for row in rows]


def _without_units(rows: list[ItemRow]) -> list[ItemRow]:
    """`WALK` in `1 WALK 1.60 1.60` is no name but a unit, where the name has the row above."""
    if not all(_is_name(above) for above, row, _ in neighbours(rows) if _unit(row)):
        return rows
    units = {_unit(row) for row in rows} - {None}
    return [
        replace(row, name="") if row.price and _unit_word(row) in units else row for row in rows
    ]


def _unit(row: ItemRow) -> str | None:
    """The word between the count and the amounts, where there are two amounts or more."""
    counted = _COUNT_AND_UNIT.match(row.printed.text)
    is_all = counted and len(row.name.split()) <= 2 and len(find_amounts(row.printed.text)) > 1
    return _unit_word(row) if is_all else None


def _unit_word(row: ItemRow) -> str:
    return row.name.lstrip("0123456789 ")


def _counted(row: ItemRow) -> ItemRow:
    match = LEADING_COUNT.match(row.name)
    if match is None or int(match[1]) == 0 or letters(row.name[match.end() :]) < 3:
        return row
    quantity = row.quantity or (each(Decimal(match[1]), row.price) if row.price else None)
    return replace(row, name=row.name[match.end() :], quantity=quantity)
