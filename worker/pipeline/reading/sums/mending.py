"""Corrects a misread item by what the sum requires."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.rows.layout import ReadRow

# Digits that look alike in the print of tills.
_ALIKE = {
    "0": "689", "1": "74", "2": "7", "3": "89", "4": "19", "5": "69", "6": "058", "7": "12",
    "8": "0369", "9": "03458",
}  # fmt: skip
_COUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{1,3})?(?![\d.,])")
# Tills round the price to the cent.
_ROUNDED = Decimal("0.012")
# Factor on the confidence in a price that follows from the others.
_DOUBT = 0.75

Items = Sequence[FoundItem]


def mended(items: Items, missing: Set[Decimal]) -> Iterator[tuple[bool, Iterator[Items]]]:
    """Yield, for each kind of correction, the lists of items with one item corrected.

    The likeliest kind comes first. It is True with the kinds that have a proof of their own, which
    is count × unit price. `missing` holds the amounts by which the sum of the items may have to
    change.
    """
    yield True, _by_products(items, missing)
    yield True, _without_unit_price(items, missing)
    yield False, _by_other_signs(items, missing)
    yield False, _by_the_rest(items, missing)
    yield False, _without_one(items, missing)
    yield False, _by_digits(items, missing)


def _by_products(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Replace a price by count × unit price."""
    for index, item in enumerate(items):
        for price in {*item.others} - {item.total_price, -item.total_price}:
            if price - item.total_price in missing:
                yield _with_price(items, index, price)


def is_unit_price(row: ReadRow, item: FoundItem) -> bool:
    """Return whether a row has the unit price of an item: a number on it times the amount is the
    item's price, as in `3 $1.99 ea` above `5.97`."""
    if row.amount is None or item.total_price <= 0:
        return False
    if item.quantity and item.quantity.unit_price == row.amount.value:
        return True
    before = (Decimal(number.replace(",", ".")) for number in _COUNT.findall(row.text))
    return any(
        count != 1 and abs(count * row.amount.value - item.total_price) < _ROUNDED
        for count in before
    )


def _without_unit_price(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Leave out a row that has the unit price of the item above or below."""
    for index, item in enumerate(items):
        beside = [*items[max(index - 1, 0) : index], *items[index + 1 : index + 2]]
        rows = item.rows[-1:]
        if -item.total_price in missing and any(
            is_unit_price(row, other) for row in rows for other in beside
        ):
            yield [*items[:index], *items[index + 1 :]]


def _by_other_signs(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Take a discount for a price, where only its name shows what it is."""
    for index, item in enumerate(items):
        if -item.total_price in item.others and -2 * item.total_price in missing:
            yield _with_price(items, index, -item.total_price)


def _by_the_rest(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Take the missing amount as the price that could not be read."""
    for index, item in enumerate(items):
        if item.total_price == 0 and not item.is_free:
            for price in missing:
                if price > 0:
                    yield _with_price(items, index, price)


def _without_one(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Leave out a row that was not an item."""
    for index, item in enumerate(items):
        if -item.total_price in missing:
            yield [*items[:index], *items[index + 1 :]]


def _by_digits(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Replace a digit by one that looks like it."""
    for index, item in enumerate(items):
        digits = f"{item.total_price:f}"
        for place, digit in enumerate(digits):
            for other in _ALIKE.get(digit, ""):
                price = Decimal(digits[:place] + other + digits[place + 1 :])
                if price - item.total_price in missing:
                    yield _with_price(items, index, price)


def _with_price(items: Items, index: int, price: Decimal) -> Items:
    item = items[index]
    confidence = (item.confidence or 0.8) * _DOUBT
    quantity = item.quantity if item.quantity and item.quantity.makes(price) else None
    changed = replace(item, total_price=price, quantity=quantity, confidence=confidence)
    return [*items[:index], changed, *items[index + 1 :]]
