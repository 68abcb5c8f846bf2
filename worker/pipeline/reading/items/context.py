"""What only the rows beside a row, or all of them together, tell about it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest

from worker.pipeline.reading.items.counts import LEADING_COUNT, each
from worker.pipeline.reading.items.parts import ItemRow
from worker.pipeline.reading.rows.layout import letters
from worker.pipeline.reading.rows.numbers import find_amounts

_COUNT_AND_UNIT = re.compile(r"\d{1,3}\s+[A-Z]{2,6}")


def names_stand_below(parts: Sequence[ItemRow]) -> bool:
    """Where names stand when numbers have a row of their own: where most of these have one beside
    them; else behind the last price, for there comes either its name or the summary."""
    bare = [index for index, part in enumerate(parts) if part.is_numbers]
    if not bare:
        return False
    above = sum(index > 0 and parts[index - 1].is_name for index in bare)
    below = sum(index + 1 < len(parts) and parts[index + 1].is_name for index in bare)
    if above != below:
        return below > above
    behind = max(index for index, part in enumerate(parts) if part.price is not None) + 1
    return behind < len(parts) and parts[behind].is_name


def priced(rows: list[ItemRow]) -> list[ItemRow]:
    """What stands behind a name and a count is the price, where no row beside it has another: the
    name is `RICE 4X` then."""

    def has_price(index: int) -> bool:
        return 0 <= index < len(rows) and rows[index].is_numbers

    return [
        row
        if not (row.name and row.of_one) or has_price(index - 1) or has_price(index + 1)
        else replace(row, price=row.of_one, quantity=None)
        for index, row in enumerate(rows)
    ]


def without_prices_of_one(rows: list[ItemRow]) -> list[ItemRow]:
    """`Deposit 0.25` is only a name where `4 x 0.25  1.00` follows."""
    return [
        replace(row, price=None) if row.name and _is_counted_below(row, below) else row
        for row, below in zip_longest(rows, rows[1:])
    ]


def _is_counted_below(row: ItemRow, below: ItemRow | None) -> bool:
    if row.price is None or row.quantity or below is None or below.name or not below.price:
        return False
    counted = below.quantity
    return counted is not None and counted.unit_price == row.price and counted.makes(below.price)


def with_leading_counts(rows: list[ItemRow]) -> list[ItemRow]:
    """The count that stands before a name taken for the quantity, where at least half of all names
    have one; elsewhere it may well belong to the name. Where nothing was bought once, the numbers
    say something else."""
    names = [one.row.text for one in rows if one.name and one.price]
    counts = [int(match[1]) for text in names if (match := LEADING_COUNT.match(text))]
    if len(counts) * 2 < len(names) or 1 not in counts:
        return rows
    return [_counted(row) for row in rows]


def without_units(rows: list[ItemRow]) -> list[ItemRow]:
    """`WALK` in `1 WALK 1.60 1.60` is no name but a unit, where the name has the row above."""
    units = {_unit(row) for row in rows} - {None}
    bare = [index for index, row in enumerate(rows) if _unit(row)]
    if not all(index and rows[index - 1].is_name for index in bare):
        return rows
    return [
        replace(row, name="") if row.price and _unit_word(row) in units else row for row in rows
    ]


def _unit(row: ItemRow) -> str | None:
    """The word between the count and the amounts, of which there are more than one."""
    counted = _COUNT_AND_UNIT.match(row.row.text)
    is_all = counted and len(row.name.split()) <= 2 and len(find_amounts(row.row.text)) > 1
    return _unit_word(row) if is_all else None


def _unit_word(row: ItemRow) -> str:
    return row.name.lstrip("0123456789 ")


def _counted(row: ItemRow) -> ItemRow:
    match = LEADING_COUNT.match(row.name)
    if match is None or int(match[1]) == 0 or letters(row.name[match.end() :]) < 3:
        return row
    quantity = row.quantity or (each(Decimal(match[1]), row.price) if row.price else None)
    return replace(row, name=row.name[match.end() :], quantity=quantity)
