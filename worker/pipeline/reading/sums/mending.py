"""Items that were misread, put right by what the sum demands."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from decimal import Decimal

from worker.pipeline.reading.items.finding import FoundItem

# Digits that look alike in the print of tills, each way.
_ALIKE = {
    "0": "689", "1": "74", "2": "7", "3": "89", "4": "19", "5": "69", "6": "058", "7": "12",
    "8": "0369", "9": "03458",
}  # fmt: skip
# Confidence in a price that follows from the others, in parts of what it was.
_DOUBT = 0.75

Items = Sequence[FoundItem]


def mended(items: Items, missing: Set[Decimal]) -> Iterator[Iterator[Items]]:
    """Ways to change one item so that the sum is one that is wanted, the likeliest first; of each
    kind every list that it makes.

    `missing`: by how much the items may fall short; below zero where they are too much.
    """
    yield _by_other_readings(items, missing)
    yield _by_the_rest(items, missing)
    yield _without_one(items, missing)
    yield _by_digits(items, missing)


def _by_other_readings(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """With count × unit price in the price's place, or with the other sign."""
    for index, item in enumerate(items):
        for price in {*item.others} - {item.total_price}:
            if price - item.total_price in missing:
                yield _with_price(items, index, price)


def _by_the_rest(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """With what is missing as the price that could not be read."""
    for index, item in enumerate(items):
        if item.total_price == 0:
            for price in missing:
                if price > 0:
                    yield _with_price(items, index, price)


def _without_one(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """Without a row that was none of the items."""
    for index, item in enumerate(items):
        if -item.total_price in missing:
            yield [*items[:index], *items[index + 1 :]]


def _by_digits(items: Items, missing: Set[Decimal]) -> Iterator[Items]:
    """With a digit that looks like the one that was read."""
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
