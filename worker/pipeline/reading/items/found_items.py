"""Finds the line items of a receipt in the rows between the header and the total.

Tills print an item on one row (`Milk 1,19 A`), or its name on a row of its own above or below the
numbers (`2 x 11.69  23.38 S`). A quantity may be on the same row or on one beside it. Discounts
and returned deposits are items with a negative price.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.reading.items.codes import without_codes
from worker.pipeline.reading.items.context import in_context, names_stand_below, neighbours
from worker.pipeline.reading.items.parts import ItemRow, read_item_row
from worker.pipeline.reading.items.printed_codes import code_of, codes_alone, tax_code_of
from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.items.sizes import find_sizes
from worker.pipeline.reading.rows.layout import ReadRow

# Factor on the confidence in a price that follows from a count and a unit price.
_DOUBT = 0.8
# The rows of a name are no further apart than this many times the height of the print.
_NEAR = 2.5
# The rate of the tax on an item, behind its name.
_RATE_AT_END = re.compile(r"\s\(?\d{1,2}(?:[.,]\d{1,2})?\s?%\)?$")
# What begins the second row of a name.
_SIGNS = tuple("/&+")


@dataclass(frozen=True)
class FoundItem:
    """An item as it was found, before it is converted to the contract.

    `total_price` is 0 if a price is printed but unreadable; `others` are further readings of it.
    `confidence` is the engine's for the row, from 0 to 1. `rows` has the name, the price, the
    quantity and the code. `code` and `tax_code` are as printed. `is_free` means that the printed
    price is 0. It `has_scrap` if the row of the price has letters besides, so that the name above
    may not belong to it.
    """

    raw_text: str
    name: str
    total_price: Decimal
    quantity: Quantity | None
    confidence: float
    rows: tuple[ReadRow, ...]
    others: tuple[Decimal, ...] = ()
    code: str | None = None
    tax_code: str | None = None
    has_scrap: bool = False
    is_free: bool = False


def find_items(rows: Sequence[ReadRow]) -> list[FoundItem]:
    """Find the items among rows that may be about items, from top to bottom."""
    parts = in_context([read_item_row(row) for row in rows])
    names_below = names_stand_below(parts)
    found = [
        _item(above, part, below, names_below=names_below)
        for above, part, below in neighbours(parts)
    ]
    items = _without_rates([item for item in found if item is not None])
    return _with_codes(_with_second_lines(items, parts), rows)


def _without_rates(items: Sequence[FoundItem]) -> list[FoundItem]:
    """Cut the rates of taxes off the ends of names, where most names have one."""
    rates = [_RATE_AT_END.search(item.name) for item in items]
    if sum(rate is not None for rate in rates) * 2 <= len(items):
        return list(items)
    return [
        replace(item, name=item.name[: rate.start()]) if rate and item.total_price > 0 else item
        for item, rate in zip(items, rates, strict=True)
    ]


def _with_second_lines(items: Sequence[FoundItem], parts: Sequence[ItemRow]) -> list[FoundItem]:
    """Add the rows without a price to the names that they continue: the row below, or above."""
    places = {id(part.row): at for at, part in enumerate(parts)}
    used = {id(row) for item in items for row in item.rows}
    if sum(item.name[:1].islower() for item in items) * 2 > len(items):
        # Small letters say nothing where all names have them.
        return list(items)
    return [_with_second_line(item, parts, places, used) for item in items]


def _with_second_line(
    item: FoundItem, parts: Sequence[ItemRow], places: Mapping[int, int], used: Set[int]
) -> FoundItem:
    """Return an item whose name has the row above that it continues, and the one below."""
    at = [places[id(row)] for row in item.rows]
    above, below = (
        parts[row] if 0 <= row < len(parts) and id(parts[row].row) not in used else None
        for row in (min(at) - 1, max(at) + 1)
    )
    if above and min(at) > 1 and _goes_on(above.name, item.name) and _is_near(above, item.rows[0]):
        rows, name = (above.row, *item.rows), f"{above.name} {item.name}"
    elif below and _may_follow(item.name, below) and _is_near(below, item.rows[-1]):
        rows, name = (*item.rows, below.row), f"{item.name} {below.name}"
    else:
        return item
    raw_text = "\n".join(row.printed for row in rows)
    return replace(item, name=name, rows=rows, raw_text=raw_text)


def _is_near(beside: ItemRow, row: ReadRow) -> bool:
    """Return whether a row that may be a part of a name is directly above or below another."""
    top, other = row.line.words[0], beside.row.line.words[0]
    is_near = abs(top.middle - other.middle) <= _NEAR * max(top.height, other.height)
    return beside.is_name and is_near


def _goes_on(first: str, second: str) -> bool:
    """Return whether a name goes on in lower case, or with a sign.

    A remark in lower case below a name in capitals is not part of it.
    """
    is_lower = second[:1].islower() and first[:1].isupper() and not first.isupper()
    return is_lower or second.startswith(_SIGNS)


def _may_follow(name: str, below: ItemRow) -> bool:
    """Return whether a row goes on with a name, or has its size; the weight of a bag is none."""
    has_size = bool(find_sizes(below.name)) and not find_sizes(name)
    return _goes_on(name, below.name) or (has_size and not _packaging().search(below.name))


def _with_codes(items: Sequence[FoundItem], rows: Sequence[ReadRow]) -> list[FoundItem]:
    """Take the codes that tills print beside names off them, and keep them."""
    names = without_codes([item.name for item in items], [item.raw_text for item in items])
    alone = codes_alone([item.rows for item in items], rows)
    coded = []
    for at, (item, name) in enumerate(zip(items, names, strict=True)):
        row, code = alone.get(at, (None, None))
        coded.append(
            replace(
                item,
                name=name,
                code=code_of(item.rows, item.name, name) or code,
                tax_code=tax_code_of(item.rows, item.total_price, item.name, name),
                rows=(*item.rows, row) if row else item.rows,
            )
        )
    return coded


def _item(
    above: ItemRow | None, part: ItemRow, below: ItemRow | None, *, names_below: bool
) -> FoundItem | None:
    """Return the item whose price is on the row `part`, if it has a price and the item a name."""
    if part.has_unreadable_price:
        return _unreadable(part, below)
    name, rows = _name(above, part, below, names_below=names_below)
    # A discount needs no name to be an item.
    name = name or ("Discount" if part.price and part.price < 0 else "")
    is_free = part.price == 0 and not _is_discount(name)
    if part.price is None or not name or not (part.price or is_free):
        return None
    details = [near for near in (below, above) if near and near.is_detail and near.quantity]
    quantity, detail = _quantity(part, part.price, details)
    is_discount = _is_discount(name)
    price = -abs(part.price) if is_discount else part.price
    return FoundItem(
        "\n".join(row.printed for row in rows),
        name,
        price,
        quantity,
        part.row.line.confidence,
        (*rows, detail.row) if detail else rows,
        (
            *_products(part.quantity, *(near.quantity for near in details)),
            *([-price] if is_discount else []),
        ),
        has_scrap=part.has_scrap and name != part.name,
        is_free=is_free,
    )


def _unreadable(part: ItemRow, below: ItemRow | None) -> FoundItem:
    """Return an item whose price could not be read. A quantity below it shows what it is."""
    quantity = below.quantity if below and below.is_detail else None
    price = quantity.product if quantity else None
    if below is None or price is None:
        return FoundItem(part.row.printed, part.name, Decimal(0), None, 0.0, (part.row,))
    rows = (part.row, below.row)
    confidence = min(row.line.confidence for row in rows) * _DOUBT
    return FoundItem(part.row.printed, part.name, price, quantity, confidence, rows)


def _quantity(
    part: ItemRow, price: Decimal, details: Sequence[ItemRow]
) -> tuple[Quantity | None, ItemRow | None]:
    """Return the quantity of an item, and the row beside it that has it, if there is one."""
    if part.quantity:
        return part.quantity, None
    for detail in details:
        if detail.quantity and detail.quantity.makes(price):
            return detail.quantity, detail
    return None, None


def _name(
    above: ItemRow | None, part: ItemRow, below: ItemRow | None, *, names_below: bool
) -> tuple[str, tuple[ReadRow, ...]]:
    """Return the name of an item, and the rows that have it and its price."""
    beside = below if names_below else above
    if not part.is_numbers or beside is None or not beside.is_name:
        return part.name, (part.row,)
    pair = (part, beside) if names_below else (beside, part)
    return beside.name, tuple(row.row for row in pair)


def _products(*quantities: Quantity | None) -> list[Decimal]:
    """Return the products of count and unit price that are not zero."""
    products = (quantity.product for quantity in quantities if quantity)
    return [product for product in products if product]


def _is_discount(name: str) -> bool:
    """Return whether the name is that of a discount, whose amount may lack its minus sign."""
    return bool(_discount().match(name))


@cache
def _discount() -> re.Pattern[str]:
    words = vocabulary().discounts
    return re.compile(rf"\W*{any_of(words.begins)}\b|.*\b{any_of(words.ends)}$", re.IGNORECASE)


@cache
def _packaging() -> re.Pattern[str]:
    return re.compile(rf"\b{any_of(vocabulary().till.packaging)}\b", re.IGNORECASE)
