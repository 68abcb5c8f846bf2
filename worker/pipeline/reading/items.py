"""Line items: name, quantity, unit, unit price and price, from the rows between header and total.

Tills print an item on one row (`Milk 1,19 A`), or its name on a row of its own above or below the
numbers (`2 x 11.69  23.38 S`), and a quantity on the same row or on one beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.reading.layout import ReadRow, letters
from worker.pipeline.reading.numbers import find_amounts, parse_decimal

_TIMES = r"\s?[x×*@]\s?"
_UNITS = {"kg": "kg", "g": "g", "lb": "lb", "oz": "oz", "l": "l", "ml": "ml"}
_UNIT = r"(?P<unit>kg|g|lb|oz|l|ml|stk?|stck|pcs?|ea)?\.?"
_COUNT = r"(?P<count>\d{1,3}(?:[.,]\d{1,3})?)"
_PRICE = r"(?:RM|EUR|[€$£])?\s?(?P<price>\d{0,5}[.,]\d{2,3})"
# 2 x 0,75 · 0,162 kg x 1,15 · 3 @ 1.20
_COUNT_FIRST = re.compile(rf"(?<![\d.,]){_COUNT}\s?{_UNIT}{_TIMES}{_PRICE}(?!\d)", re.IGNORECASE)
# 0,89 x 2 · 7.90*3
_PRICE_FIRST = re.compile(
    rf"(?<![\d.,]){_PRICE}{_TIMES}{_COUNT}\s?{_UNIT}(?![\d.,])", re.IGNORECASE
)
# A row that holds a quantity and nothing else; what may follow is the unit of the price.
_DETAIL_TAIL = re.compile(r"\W*(?:(?:EUR|RM|[€$£])?\s?/?\s?(?:kg|g|lb|l|st\w*|ea))?\W*$", re.I)
_LONG_CODE = re.compile(r"\b(?:[A-Z]{0,3}-)?\d{6,}\b\s*")
_LEADING_CODE = re.compile(r"^\W*[\dSOBI]{3,5}\s+(?=[^\W\d_\s]|\d*[^\W\d_])")
_BARE_COUNT = re.compile(r"^\W*\d{1,3}\s?[x×]?\s+(?=\D)")


@dataclass(frozen=True)
class Quantity:
    """How many of what unit, at what price each."""

    count: Decimal
    unit: str | None
    unit_price: Decimal

    def makes(self, total: Decimal) -> bool:
        """Whether count × unit price is the total, to the cent that tills round."""
        return abs(self.count * self.unit_price - total) <= Decimal("0.011")


@dataclass(frozen=True)
class FoundItem:
    """An item before it becomes part of the contract."""

    raw_text: str
    name: str
    total_price: Decimal
    quantity: Quantity | None
    confidence: float


def find_items(rows: Sequence[ReadRow]) -> list[FoundItem]:
    """The items among the rows of the item region. Discounts and returned deposits are left out."""
    below = _names_stand_below(rows)
    details = {index: found for index, row in enumerate(rows) if (found := _detail(row))}
    items = []
    for index, row in enumerate(rows):
        if row.kind or row.amount is None or index in details or row.amount.value <= 0:
            continue
        name, raw_text = _name(row), row.text
        if _has_no_name(row):
            other = index + 1 if below else index - 1
            if not (0 <= other < len(rows)) or not rows[other].is_text:
                continue
            pair = (row, rows[other]) if below else (rows[other], row)
            name, raw_text = rows[other].text, "\n".join(one.text for one in pair)
        quantity = _inline(row) or _beside(index, row.amount.value, details)
        items.append(FoundItem(raw_text, name, row.amount.value, quantity, row.line.confidence))
    return _without_codes(items)


def adjustments(rows: Sequence[ReadRow]) -> Decimal:
    """The sum of the negative lines: discounts, returned deposits."""
    return sum((r.amount.value for r in rows if r.amount and r.amount.value < 0), Decimal(0))


def _names_stand_below(rows: Sequence[ReadRow]) -> bool:
    """Where names stand when numbers have a row of their own: the last such row tells, for behind
    it comes either its name or the summary."""
    bare = [i for i, row in enumerate(rows) if row.amount and not row.kind and _has_no_name(row)]
    return bool(bare) and bare[-1] + 1 < len(rows) and rows[bare[-1] + 1].is_text


def _name(row: ReadRow) -> str:
    """The words of a row before its numbers."""
    text = row.text[: row.amount.start] if row.amount else row.text
    text = _LONG_CODE.sub("", text)
    for pattern in (_COUNT_FIRST, _PRICE_FIRST):
        text = pattern.sub("", text)
    first = next(iter(find_amounts(text)), None)
    if first and letters(text[: first.start]) >= 3:
        text = text[: first.start]
    return text.strip(" \t:;.,*-|")


def _has_no_name(row: ReadRow) -> bool:
    """Too little to be a name: nothing, or the count and the unit before a price and an amount
    (`1 WALK 1.60 1.60`)."""
    name = _name(row)
    count_and_unit = re.fullmatch(r"\d{1,3}\s+[A-Z]{2,6}[\s\d.,]*", name)
    return letters(name) < 3 or (bool(count_and_unit) and len(find_amounts(row.text)) > 1)


def _detail(row: ReadRow) -> Quantity | None:
    """The quantity of a row that holds nothing else."""
    match = _COUNT_FIRST.search(row.text)
    if match is None or letters(row.text[: match.start()]) > 0:
        return None
    return _quantity(match) if _DETAIL_TAIL.match(row.text, match.end()) else None


def _inline(row: ReadRow) -> Quantity | None:
    for pattern in (_COUNT_FIRST, _PRICE_FIRST):
        match = pattern.search(row.text)
        if match and row.amount and match.end() <= row.amount.start + 1:
            return _quantity(match)
    return None


def _beside(index: int, total: Decimal, details: dict[int, Quantity]) -> Quantity | None:
    """The quantity on the row below or above that makes this total."""
    candidates = (details.get(index + 1), details.get(index - 1))
    return next((one for one in candidates if one and one.makes(total)), None)


def _quantity(match: re.Match[str]) -> Quantity | None:
    count = Decimal(match["count"].replace(",", "."))
    if count == 0:
        return None
    unit = (match["unit"] or "").lower()
    return Quantity(count, _UNITS.get(unit), parse_decimal(match["price"]))


def _without_codes(items: list[FoundItem]) -> list[FoundItem]:
    """Cut article numbers off the names, where at least half of the names begin with one."""
    stripped = list(_each_without_code(items))
    changed = sum(new.name != old.name for new, old in zip(stripped, items, strict=True))
    return stripped if items and changed * 2 >= len(items) else items


def _each_without_code(items: Sequence[FoundItem]) -> Iterator[FoundItem]:
    for item in items:
        name = _BARE_COUNT.sub("", _LEADING_CODE.sub("", item.name))
        yield replace(item, name=name) if letters(name) >= 3 else item
