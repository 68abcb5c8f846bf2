"""Finds printed quantities: `2 x 0,75`, `0,162 kg x 1,15`, `3 @ 2/5.00`, `0,654 kg 1,99`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.fields.item_rows import load_item_words
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.knowledge.units import any_unit, load_units, unit_named
from worker.pipeline.reading.rows.numbers import no_size, parse_decimal

# A weight is the only count that may have no sign behind it: 350g 3.50 is a size and a price.
_WEIGHT = r"(?<![\d.,/-])(?P<count>\d{1,3}[.,]\d{2,3})\s?(?P<unit>kg|g|[l1i]bs?|oz)\.?"
# Returned bottles may be counted with a minus.
_COUNT = r"(?<![\d.,/])(?<![\d.,/]-)(?P<count>\d{1,3}(?:[.,]\d{1,3})?)"
# The Cyrillic and the Greek letter look like an x.
_TIMES = "x\u00d7*@\u0445\u03c7"
_PRICE = r"(?P<price>(?:\d{1,3}(?:[.,']\d{3})+|\d{0,5})[.,]\d{2,4})"
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
    unit = unit_named(groups.get("unit") or "")
    unit, price = _in_unit(unit, groups.get("per") or "", price)
    return Quantity(count, without_pieces(unit), price / of if of > 1 else price)


def without_pieces(unit: str | None) -> str | None:
    """Return the unit of a quantity, which is None for single things that are counted."""
    known = load_units()[unit] if unit else None
    return None if known and known.is_counted and known.holds == 1 else unit


def _in_unit(unit: str | None, per: str, price: Decimal) -> tuple[str | None, Decimal]:
    """Return the unit of a count, and the price of one such unit.

    The price may be for 100 g where the weight is in kilograms. A count without a unit has that of
    its price.
    """
    hundred = per.startswith("100")
    per_name = "g" if hundred else unit_named(per)
    if per_name is None:
        return unit, price
    if unit is None:
        return (None, price) if hundred else (per_name, price)
    of_count, of_price = load_units()[unit], load_units()[per_name]
    if unit == per_name or of_count.base != of_price.base or of_count.is_counted:
        return unit, price / 100 if hundred and unit == "g" else price
    return unit, price * of_count.holds / (of_price.holds * (100 if hundred else 1))


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    words, rows = vocabulary().quantities, load_item_words()
    currency, several = beside_amounts(), any_of(words.several)
    counted, unit = any_of((*words.pieces, *_counted())), any_unit()
    times = rf"\s?(?:\(?[{_TIMES}]\)?|\b{any_of(words.times)}\b)\s?"
    # Behind a weight may be that it is net, and before a count the word for it.
    of_count = rf"(?P<unit>{unit}|[^\W\d_]{{1,5}})?\.?(?:\s?{any_of(rows.behind_units)}\b)?"
    count = rf"(?:\b{any_of(rows.before_counts)}\W{{0,2}})?{_COUNT}"
    price = (
        rf"(?:1\s?{unit}\s?/\s?)?{currency}?\s?(?:(?P<of>\d)\s?(?:/|{several})\s*)?\$?"
        rf"{_PRICE}(?!\d){no_size()}"
    )
    # The unit behind a price: EUR/kg, €/St, each.
    each = (
        rf"(?:\s?{currency}?\s?(?:(?:/|{any_of(words.each)})\s?(?P<per>100\s?g|{unit}|{counted})"
        rf"|{counted})\b\.?)?"
    )
    patterns = (
        # The number with three decimals is the weight, even behind the price: `10.99*1.306`.
        rf"(?<![\d.,])(?P<price>\d{{1,4}}[.,]\d{{2}}){times}(?P<count>\d{{1,3}}[.,]\d{{3}})(?!\d)",
        rf"{count}\s?{of_count}{times}{price}{each}",
        rf"{_WEIGHT}\s+{price}{each}",
        rf"(?<![\d.,]){price}{times}{_COUNT}\s?(?P<unit>{unit}|{counted})?(?![\d.,])",
        # A price for several on a row of its own: `2 for 4.00`.
        rf"^\W*(?P<count>\d)\s{several}\s+{currency}?\s?(?P<together>\d{{1,4}}[.,]\d{{2}})(?!\d)",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _counted() -> Iterator[str]:
    """Yield the printed forms of the units of things that are counted."""
    for unit in load_units().values():
        if unit.is_counted:
            yield from unit.printed
