"""Corrects a misread item by what the sum requires."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.found_items import FoundItem

# Digits that look alike in the print of tills.
_ALIKE = {
    "0": "689", "1": "74", "2": "7", "3": "89", "4": "19", "5": "69", "6": "058", "7": "12",
    "8": "0369", "9": "03458",
}  # fmt: skip
# Factor on the confidence in a price that follows from the others.
_DOUBT = 0.75

Items = Sequence[FoundItem]


def mended(items: Items, missing: Set[Decimal]) -> Iterator[Iterator[Items]]:
    """Yield, for each kind of correction, the lists of items with one item corrected.

    The likeliest kind comes first. `missing` holds the amounts by which the sum of the items may
    have to change.
    """
    yield _by_other_readings(items, missing)
    yield _by_the_rest(items, missing)
    yield _without_one(items, missing)
    yield _by_digits(items, missing)


def _by_other_readings(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Replace a price by count × unit price, or by the same amount with the other sign."""
    for index, item in enumerate(items):
        for price in {*item.others} - {item.total_price}:
            if price - item.total_price in missing:
                yield _with_price(items, index, price)


def _by_the_rest(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Take the missing amount as the price that could not be read."""
    for index, item in enumerate(items):
        if item.total_price == 0:
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
