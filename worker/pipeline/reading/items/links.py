"""Finds what each row is about, and which item a discount is on."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from statistics import median_low

from shared.contracts.receipts.items import ItemKind
from worker.pipeline.knowledge.fields.item_rows import load_item_words
from worker.pipeline.knowledge.patterns import whole
from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.words.folding import folded

# Words that share so many letters at their beginning are about the same thing: milk, milks.
_ALIKE = 4
_WORD = re.compile(r"[^\W\d_]{3,}")
_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
# Tills round to the cent, each of the two amounts.
_ROUNDED = Decimal("0.011")
# Rows further apart than this many times the usual distance have something between them.
_APART = 1.7
# So many discounts in a row are a list of their own.
_LIST = 3


@dataclass(frozen=True)
class Link:
    """What a row is about; the sum of the discounts on it; or the index of the item that it is on.

    `discount` is negative, or None without any. `applies_to` is None unless one item is meant.
    """

    kind: ItemKind
    applies_to: int | None = None
    discount: Decimal | None = None


def linked(items: Sequence[FoundItem]) -> list[Link]:
    """Return the kind of each row, and link the discounts to their items."""
    kinds = _kinds(items)
    targets = dict(_targets(items, kinds))
    discounts: dict[int, Decimal] = {}
    for index, target in targets.items():
        discounts[target] = discounts.get(target, Decimal(0)) + items[index].total_price
    return [
        Link(kind, targets.get(index), discounts.get(index)) for index, kind in enumerate(kinds)
    ]


def _targets(items: Sequence[FoundItem], kinds: Sequence[ItemKind]) -> Iterator[tuple[int, int]]:
    """Yield the index of each discount that is on one item, and the index of that item."""
    # What is left of the prices of goods after the discounts that are linked already.
    left = {row: items[row].total_price for row, kind in enumerate(kinds) if kind is ItemKind.GOODS}
    usual = median_low(_steps(items)) if len(items) > 1 else 0.0
    for index, kind in enumerate(kinds):
        target = _target(index, items, kinds, left, usual) if kind is ItemKind.DISCOUNT else None
        if target is not None:
            left[target] += items[index].total_price
            yield index, target


def _kinds(items: Sequence[FoundItem]) -> list[ItemKind]:
    is_refund = all(item.total_price < 0 for item in items)
    prices = {(folded(item.name), item.total_price) for item in items}
    return [_kind(item, is_refund or _is_taken_back(item, prices)) for item in items]


def _is_taken_back(item: FoundItem, prices: set[tuple[str, Decimal]]) -> bool:
    """Return whether the same item is on the receipt with a positive price."""
    return (folded(item.name), -item.total_price) in prices


def _kind(item: FoundItem, is_goods: bool) -> ItemKind:
    if _returned().search(item.name):
        return ItemKind.DEPOSIT_RETURN
    if _deposit().search(item.name):
        return ItemKind.DEPOSIT if item.total_price > 0 else ItemKind.DEPOSIT_RETURN
    return ItemKind.GOODS if item.total_price >= 0 or is_goods else ItemKind.DISCOUNT


def _target(
    index: int,
    items: Sequence[FoundItem],
    kinds: Sequence[ItemKind],
    left: dict[int, Decimal],
    usual: float,
) -> int | None:
    """Return the index of the item that a discount is on: by its name, its rate, or its place.

    `left` has what is left of the price of each of the goods, and `usual` is the distance between
    rows in pixels.
    """
    off = items[index]
    above = [row for row in reversed(left) if row < index]
    likely = [row for row in [*above, index + 1] if left.get(row, 0) >= -off.total_price]
    named = next((row for row in likely if _names(off, items[row])), None)
    if named is not None or not above or above[0] not in likely:
        return named
    last, every = left[above[0]], sum((left[row] for row in above), Decimal(0))
    is_beside = not _is_on_all(off, every) and _follows(index, above[0], items, kinds, usual)
    return above[0] if _has_rate(off, last) or is_beside else None


def _is_on_all(off: FoundItem, price: Decimal) -> bool:
    """Return whether a discount is on all items above, which cost `price`, by its name or rate."""
    return _has_rate(off, price) or bool(_on_all().search(off.name))


def _names(off: FoundItem, item: FoundItem) -> bool:
    """Return whether a discount has a word of the item's name in its own."""
    words = {folded(word) for word in _WORD.findall(item.name)}
    return any(
        word in words or (len(word) >= _ALIKE and any(_are_alike(word, other) for other in words))
        for word in map(folded, _WORD.findall(off.name))
    )


def _are_alike(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    return len(shorter) >= _ALIKE and longer.startswith(shorter)


def _has_rate(off: FoundItem, price: Decimal) -> bool:
    """Return whether a discount is the share of a price that its row says."""
    rate = _RATE.search(off.raw_text)
    share = price * Decimal(rate[1].replace(",", ".")) / 100 if rate else Decimal(0)
    return rate is not None and abs(share + off.total_price) <= _ROUNDED


def _follows(
    index: int, above: int, items: Sequence[FoundItem], kinds: Sequence[ItemKind], usual: float
) -> bool:
    """Return whether only deposits and a few discounts are between an item and a discount, and no
    other row, such as a sub-total. The usual distance between rows is `usual`."""
    between = kinds[above + 1 : index]
    behind = next((row for row in range(index, len(kinds)) if kinds[row] is ItemKind.GOODS), None)
    last = len(kinds) if behind is None else behind
    if kinds[above + 1 : last].count(ItemKind.DISCOUNT) >= _LIST:
        return False
    if ItemKind.DEPOSIT_RETURN in between:
        return False
    return all(
        _top(items[row + 1]) - _bottom(items[row]) <= _APART * usual for row in range(above, index)
    )


def _steps(items: Sequence[FoundItem]) -> list[float]:
    """Return the distances between the rows of neighbouring items."""
    return [_top(below) - _bottom(item) for item, below in pairwise(items)]


def _top(item: FoundItem) -> float:
    """Return the middle of the first row of an item."""
    return min(row.line.words[0].middle for row in item.rows)


def _bottom(item: FoundItem) -> float:
    return max(row.line.words[0].middle for row in item.rows)


@cache
def _deposit() -> re.Pattern[str]:
    return re.compile(_at_an_end(load_item_words().deposit), re.IGNORECASE)


@cache
def _returned() -> re.Pattern[str]:
    return re.compile(_at_an_end(load_item_words().returned), re.IGNORECASE)


@cache
def _on_all() -> re.Pattern[str]:
    """Match the words of coupons, and of discounts for customers with a card."""
    return re.compile(whole(load_item_words().on_all), re.IGNORECASE)


def _at_an_end(phrases: Sequence[str]) -> str:
    """Return a pattern for a name that begins or ends with one of the phrases."""
    words = whole(phrases)
    return rf"^[\W\d]*{words}|{words}[\W\d]*$"
