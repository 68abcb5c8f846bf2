"""Line items: name, quantity, unit, unit price and price, from the rows between header and total.

Tills print an item on one row (`Milk 1,19 A`), or its name on a row of its own above or below the
numbers (`2 x 11.69  23.38 S`), and a quantity on the same row or on one beside it. Discounts and
returned deposits are items with a negative price.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.reading.items.codes import without_codes
from worker.pipeline.reading.items.context import (
    names_stand_below,
    priced,
    with_leading_counts,
    without_prices_of_one,
    without_units,
)
from worker.pipeline.reading.items.parts import ItemRow, read_item_row
from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.rows.layout import ReadRow


@dataclass(frozen=True)
class FoundItem:
    """An item before it becomes part of the contract.

    `total_price` is 0 where one is printed but could not be read; `others` are further readings of
    it. `confidence`: the engine's in the row, from 0 to 1.
    """

    raw_text: str
    name: str
    total_price: Decimal
    quantity: Quantity | None
    confidence: float
    others: tuple[Decimal, ...] = ()


def find_items(rows: Sequence[ReadRow]) -> list[FoundItem]:
    """The items among rows that may be of items, from top to bottom."""
    parts = [read_item_row(row) for row in rows]
    # What says nothing, such as the number of a shelf, may part a name from its numbers.
    parts = without_units([part for part in parts if part.name or part.price or part.quantity])
    parts = with_leading_counts(without_prices_of_one(priced(parts)))
    below = names_stand_below(parts)
    items = []
    for index, part in enumerate(parts):
        if part.has_unreadable_price:
            items.append(FoundItem(part.row.text, part.name, Decimal(0), None, 0.0))
        if not part.price:
            continue
        name, raw_text = part.name, part.row.text
        if part.is_numbers:
            other = index + 1 if below else index - 1
            if 0 <= other < len(parts) and parts[other].is_name:
                pair = (part, parts[other]) if below else (parts[other], part)
                name, raw_text = parts[other].name, "\n".join(one.row.text for one in pair)
        if not name:
            continue
        quantity = part.quantity or _beside(index, part.price, parts)
        price = -part.price if _is_discount(name) and part.price > 0 else part.price
        others = {*_products_beside(index, parts), *([-price] if _is_discount(name) else [])}
        found = FoundItem(raw_text, name, price, quantity, part.row.line.confidence, tuple(others))
        items.append(found)
    names = without_codes([item.name for item in items], [item.raw_text for item in items])
    return [replace(item, name=name) for item, name in zip(items, names, strict=True)]


def _beside(index: int, total: Decimal, parts: Sequence[ItemRow]) -> Quantity | None:
    """The quantity on the row below or above that makes this total."""
    for other in (index + 1, index - 1):
        if 0 <= other < len(parts) and parts[other].is_detail:
            quantity = parts[other].quantity
            if quantity and quantity.makes(total):
                return quantity
    return None


def _products_beside(index: int, parts: Sequence[ItemRow]) -> Iterator[Decimal]:
    """What the row itself and those beside it multiply to."""
    for other in (index, index + 1, index - 1):
        if 0 <= other < len(parts) and (other == index or parts[other].is_detail):
            quantity = parts[other].quantity
            if quantity and quantity.product:
                yield quantity.product


def _is_discount(name: str) -> bool:
    """Whether an item is something taken off, even where its amount has no minus."""
    return bool(_discount().match(name))


@cache
def _discount() -> re.Pattern[str]:
    words = vocabulary().discounts
    return re.compile(rf"\W*{any_of(words.begins)}\b|.*\b{any_of(words.ends)}$", re.IGNORECASE)
