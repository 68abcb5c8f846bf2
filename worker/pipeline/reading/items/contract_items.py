"""Converts the items that were found to the shape in which results have them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from shared.contracts.receipts.items import (
    BasePrice,
    BaseUnit,
    ItemKind,
    LineItem,
    Pack,
    TotalAmount,
)
from worker.pipeline.knowledge.units import load_units, unit_named
from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.items.links import Link, linked
from worker.pipeline.reading.items.packs import FoundPack, find_pack
from worker.pipeline.reading.items.quantities import Quantity
from worker.pipeline.reading.items.readable import readable_name
from worker.pipeline.reading.places import Places
from worker.pipeline.words.scripts import in_one_script

# Factors on the engine's confidence: whether the items add up to the total.
_CLOSES, _OPEN = 0.98, 0.8
# What a base price is for, and how many base units that are.
_PRICED = {
    BaseUnit.GRAM: ("kg", Decimal(1000)),
    BaseUnit.MILLILITRE: ("l", Decimal(1000)),
    BaseUnit.PIECE: ("piece", Decimal(1)),
}
_WORDS = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_CENTS, _FOUR_DIGITS = Decimal("0.01"), Decimal("0.0001")
# Amounts are not known to more than a milligram.
_AMOUNT = Decimal("0.001")


def line_items(found: Sequence[FoundItem], places: Places, *, closes: bool) -> list[LineItem]:
    """Convert all items of a receipt. `closes` says whether they add up to the total."""
    names = in_one_script([item.name for item in found])
    return [
        _line_item(replace(item, name=name), link, places, closes=closes)
        for item, name, link in zip(found, names, linked(found), strict=True)
    ]


def _line_item(item: FoundItem, link: Link, places: Places, *, closes: bool) -> LineItem:
    quantity, readable = item.quantity, readable_name(item.name)
    # `1GL` is the unit that the price is for. The price beside `500G` is for all of it, so that
    # size stays in the name.
    only = readable.size.only_unit if readable.size and not quantity else None
    count = quantity.count if quantity else Decimal(1)
    unit = _weighed_in(quantity, item.name) if quantity else only
    is_goods = link.kind is ItemKind.GOODS
    pack = find_pack(item.name) if is_goods else None
    total = _amount(count, unit, pack) if is_goods else None
    return LineItem(
        raw_text=item.raw_text,
        parsed_name=readable.name if only else readable.with_size,
        quantity=count,
        unit=unit,
        unit_price=_unit_price(quantity, item.total_price),
        total_price=item.total_price,
        kind=link.kind,
        code=item.code,
        tax_code=item.tax_code,
        discount=link.discount,
        applies_to=link.applies_to,
        pack=Pack(count=pack.count, size=pack.size, unit=pack.unit) if pack else None,
        amount_total=total,
        base_price=_base_price(item, total),
        confidence=_rounded(item.confidence * (_CLOSES if closes else _OPEN)),
        boxes=places.boxes(word for row in item.rows for word in row.line.words),
    )


def _weighed_in(quantity: Quantity, name: str) -> str | None:
    """Return the unit of a quantity; a weight without one has that in the name: ONIONS (KG)."""
    if quantity.unit or quantity.count == int(quantity.count):
        return quantity.unit
    units = {unit_named(word) for word in _WORDS.findall(name) if len(word) > 1}
    known = {unit for unit in units if unit and not load_units()[unit].is_counted}
    return known.pop() if len(known) == 1 else None


def _unit_price(quantity: Quantity | None, price: Decimal) -> Decimal | None:
    """Return the price of one, with the sign of the whole; None unless the two agree."""
    if quantity is None:
        return price
    single = quantity.unit_price
    if single is None or not quantity.makes(price):
        return None
    if single != single.quantize(_FOUR_DIGITS):
        single = single.quantize(_FOUR_DIGITS)
    return -abs(single) if price < 0 else single


def _amount(count: Decimal, unit: str | None, pack: FoundPack | None) -> TotalAmount | None:
    """Return how much of the goods there is; None for a weight whose unit is not printed."""
    if count <= 0:
        return None
    measure = load_units().get(unit or "")
    if measure and not measure.is_counted:
        return _total(count * measure.holds, measure.base)
    if count != int(count):
        return None
    if pack:
        return _total(count * pack.amount, pack.base)
    return _total(count * (measure.holds if measure else 1), BaseUnit.PIECE)


def _total(value: Decimal, base: str) -> TotalAmount:
    return TotalAmount(value=value.quantize(_AMOUNT).normalize(), unit=BaseUnit(base))


def _base_price(item: FoundItem, total: TotalAmount | None) -> BasePrice | None:
    """Return the price of a kilogram, a litre or a piece, before discounts on other rows."""
    if total is None or total.value <= 0 or item.total_price <= 0:
        return None
    per, many = _PRICED[total.unit]
    quantity = item.quantity
    measure = load_units().get((quantity and quantity.unit) or "")
    single = _unit_price(quantity, item.total_price)
    if measure and not measure.is_counted and single:
        # What is printed is not rounded by the weight.
        amount = (single * many / measure.holds).quantize(_FOUR_DIGITS)
    else:
        amount = (item.total_price * many / total.value).quantize(_FOUR_DIGITS)
    in_cents = amount.quantize(_CENTS)
    return BasePrice(amount=in_cents if in_cents == amount else amount, per=per)


def _rounded(confidence: float) -> float:
    return round(min(max(confidence, 0.0), 1.0), 3)
