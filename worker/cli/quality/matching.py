"""Match the items that were read with those of the ground truth.

A true item is found if an item with the same price and a similar name (rapidfuzz, ratio >= 60) was
read; each read item can match only one. A true item whose price is illegible is ignored, and so is
the read item with its name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from shared.contracts.receipts.items import LineItem
from worker.cli.quality.truth import TruthItem

_SAME_NAME = 60


@dataclass(frozen=True)
class ScoredItem:
    """An item that was found (has both sides), missed (`expected` only) or surplus (`read` only).

    An `ignored` item does not count.
    """

    expected: TruthItem | None
    read: LineItem | None
    ignored: bool = False


def match_items(expected: Sequence[TruthItem], read: Sequence[LineItem]) -> list[ScoredItem]:
    """Return every item of both sides once: with a true price, without one, then the surplus."""
    priced = [truth for truth in expected if truth.total_price is not None]
    partners = _partners(priced, read)
    surplus = [item for index, item in enumerate(read) if index not in partners.values()]
    found = [
        ScoredItem(truth, read[partners[index]] if index in partners else None)
        for index, truth in enumerate(priced)
    ]
    unreadable = [
        ScoredItem(truth, _take(truth, surplus), ignored=True)
        for truth in expected
        if truth.total_price is None
    ]
    return [*found, *unreadable, *(ScoredItem(None, item) for item in surplus)]


def _partners(expected: Sequence[TruthItem], read: Sequence[LineItem]) -> Mapping[int, int]:
    """Map indexes of `expected` to indexes of `read`; the most similar names are paired first."""
    pairs = sorted(
        (-_similarity(truth.name, item), wanted, got)
        for wanted, truth in enumerate(expected)
        for got, item in enumerate(read)
        if item.total_price == truth.total_price
    )
    partners: dict[int, int] = {}
    for dissimilarity, wanted, got in pairs:
        is_free = wanted not in partners and got not in partners.values()
        if is_free and -dissimilarity >= _SAME_NAME:
            partners[wanted] = got
    return partners


def _take(truth: TruthItem, items: list[LineItem]) -> LineItem | None:
    """Remove the first of the `items` whose name is like the true one, and return it."""
    alike = (
        index for index, item in enumerate(items) if _similarity(truth.name, item) >= _SAME_NAME
    )
    index = next(alike, None)
    return None if index is None else items.pop(index)


def _similarity(expected: str, item: LineItem) -> float:
    """Return the similarity, from 0 to 100, of a true name and the name of a read item.

    It is the highest one of the readable and the raw name, with and without spaces.
    """
    return max(
        max(
            fuzz.token_set_ratio(expected.upper(), name.upper()),
            fuzz.ratio(_squeezed(expected), _squeezed(name)),
        )
        for name in (item.parsed_name, item.raw_text)
    )


def _squeezed(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())
