"""Quantities as tills print them: `2 x 0,75`, `0,162 kg x 1,15`, `3 @ 2/5.00`, `0,654 kg 1,99`."""

import re
from dataclasses import dataclass
from decimal import Decimal

from worker.pipeline.reading.numbers import CURRENCY, NO_SIZE, parse_decimal

_UNITS = {"kg": "kg", "g": "g", "lb": "lb", "lbs": "lb", "oz": "oz", "l": "l", "ml": "ml"}
# Without a sign between: only what has been weighed, for 350g 3.50 is a size and a price.
_WEIGHT = r"(?<![\d.,/-])(?P<count>\d{1,3}[.,]\d{2,3})\s?(?P<unit>kg|g|lbs?|oz)\.?"
_UNIT = r"(?P<unit>kg|g|lbs?|oz|l|ml|stk?|stck|pcs?|ea|un)?\.?"
_TIMES = r"\s?[x×*@]\s?"
_COUNT = r"(?<![\d.,/-])(?P<count>\d{1,3}(?:[.,]\d{1,3})?)"
_PRICE = (
    rf"(?:{CURRENCY})?\s?(?:(?P<of>\d)\s?/\s?)?\$?(?P<price>\d{{0,5}}[.,]\d{{2,3}})"
    rf"(?!\d){NO_SIZE}"
)
# The unit of the price, behind it: EUR/kg, €/St.
_EACH = (
    rf"(?:\s?(?:{CURRENCY})?\s?(?:/|per|pro|je|al)\s?(?:kg|100\s?g|g|lbs?|oz|l|st\w*|pc|ea)\b\.?)?"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_COUNT}\s?{_UNIT}{_TIMES}{_PRICE}{_EACH}",
        rf"{_WEIGHT}\s+{_PRICE}{_EACH}",
        rf"(?<![\d.,]){_PRICE}{_TIMES}{_COUNT}\s?{_UNIT}(?![\d.,])",
    )
)
# Tills round to the cent, and to the nearest five in some countries.
_ROUNDED = Decimal("0.011")

# Between the sum of an item and its price: half off, and a tax of a quarter.
_LEAST, _MOST = Decimal("0.5"), Decimal("1.25")


@dataclass(frozen=True)
class Quantity:
    """How many of what unit, at what price each; null where that is not printed."""

    count: Decimal
    unit: str | None
    unit_price: Decimal | None

    def makes(self, total: Decimal) -> bool:
        """Whether count × unit price is the total, to the cent that tills round."""
        return self.product is not None and abs(self.product - abs(total)) <= _ROUNDED

    def nearly_makes(self, total: Decimal) -> bool:
        """Whether it does with tax added, or something taken off."""
        product = self.product
        return product is not None and product > 0 and _LEAST <= total / product <= _MOST

    @property
    def product(self) -> Decimal | None:
        """Count × unit price, to the cent."""
        if self.unit_price is None:
            return None
        return (self.count * self.unit_price).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class PrintedQuantity:
    """A quantity and where in the text it stands."""

    quantity: Quantity
    start: int
    end: int


def find_quantity(text: str) -> PrintedQuantity | None:
    """The first quantity of a row that is printed with its unit price."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            count = Decimal(match["count"].replace(",", "."))
            price = parse_decimal(match["price"])
            if count > 0:
                groups = match.groupdict()
                price = price / int(groups["of"]) if int(groups["of"] or 0) > 1 else price
                unit = _UNITS.get((groups["unit"] or "").lower())
                return PrintedQuantity(Quantity(count, unit, price), match.start(), match.end())
    return None
