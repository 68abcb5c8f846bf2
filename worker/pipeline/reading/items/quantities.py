"""Finds printed quantities: `2 x 0,75`, `0,162 kg x 1,15`, `3 @ 2/5.00`, `0,654 kg 1,99`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.reading.rows.numbers import no_size, parse_decimal

_UNITS = {"kg": "kg", "g": "g", "lb": "lb", "lbs": "lb", "oz": "oz", "l": "l", "ml": "ml"}
# A weight is the only count that may have no sign behind it: 350g 3.50 is a size and a price.
_WEIGHT = r"(?<![\d.,/-])(?P<count>\d{1,3}[.,]\d{2,3})\s?(?P<unit>kg|g|lbs?|oz)\.?"
_UNIT = r"(?P<unit>[a-z]{1,5})?\.?"
_COUNT = r"(?<![\d.,/-])(?P<count>\d{1,3}(?:[.,]\d{1,3})?)"
# Tills round to the cent, and to the nearest five in some countries.
_ROUNDED = Decimal("0.011")

# The range of an item's price as a fraction of its product: half off to a tax of a quarter.
_LEAST, _MOST = Decimal("0.5"), Decimal("1.25")


@dataclass(frozen=True)
class Quantity:
    """A count, its unit and the price of one; unit and unit price are None if not printed."""

    count: Decimal
    unit: str | None
    unit_price: Decimal | None

    def makes(self, total: Decimal) -> bool:
        """Return whether count × unit price is the total, within the cent that tills round."""
        return self.product is not None and abs(self.product - abs(total)) <= _ROUNDED

    def nearly_makes(self, total: Decimal) -> bool:
        """Return whether the product may be the total after a tax or a discount."""
        product = self.product
        return product is not None and product > 0 and _LEAST <= total / product <= _MOST

    @property
    def product(self) -> Decimal | None:
        """Count × unit price, rounded to the cent."""
        if self.unit_price is None:
            return None
        return (self.count * self.unit_price).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class PrintedQuantity:
    """A quantity, and its place in the text: `start` to `end` (exclusive)."""

    quantity: Quantity
    start: int
    end: int


def find_quantities(text: str) -> Iterator[PrintedQuantity]:
    """Find the quantities with a unit price in a row, the likeliest first."""
    for pattern in _patterns():
        for match in pattern.finditer(text):
            quantity = _quantity(match.groupdict())
            if quantity:
                yield PrintedQuantity(quantity, match.start(), match.end())


def _quantity(groups: Mapping[str, str | None]) -> Quantity | None:
    count = Decimal((groups["count"] or "").replace(",", "."))
    if count <= 0:
        return None
    together = groups.get("together")
    if together:
        return Quantity(count, None, parse_decimal(together) / count)
    price, of = parse_decimal(groups["price"] or ""), int(groups.get("of") or 0)
    unit = _UNITS.get((groups.get("unit") or "").lower())
    return Quantity(count, unit, price / of if of > 1 else price)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    words = vocabulary().quantities
    currency, pieces, several = beside_amounts(), any_of(words.pieces), any_of(words.several)
    times = rf"\s?(?:[x×*@]|\b{any_of(words.times)}\b)\s?"
    price = (
        rf"{currency}?\s?(?:(?P<of>\d)\s?(?:/|{several})\s*)?\$?"
        rf"(?P<price>\d{{0,5}}[.,]\d{{2,4}})(?!\d){no_size()}"
    )
    # The unit behind a price: EUR/kg, €/St.
    each = (
        rf"(?:\s?{currency}?\s?(?:/|{any_of(words.each)})\s?"
        rf"(?:kg|100\s?g|g|lbs?|oz|l|{pieces})\b\.?)?"
    )
    patterns = (
        # The number with three decimals is the weight, even behind the price: `10.99*1.306`.
        rf"(?<![\d.,])(?P<price>\d{{1,4}}[.,]\d{{2}}){times}(?P<count>\d{{1,3}}[.,]\d{{3}})(?!\d)",
        rf"{_COUNT}\s?{_UNIT}{times}{price}{each}",
        rf"{_WEIGHT}\s+{price}{each}",
        rf"(?<![\d.,]){price}{times}{_COUNT}\s?(?P<unit>kg|g|lbs?|oz|l|ml|{pieces})?(?![\d.,])",
        # A price for several on a row of its own: `2 for 4.00`.
        rf"^\W*(?P<count>\d)\s{several}\s+{currency}?\s?(?P<together>\d{{1,4}}[.,]\d{{2}})(?!\d)",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
