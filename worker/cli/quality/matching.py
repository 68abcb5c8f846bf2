"""The items that were read, matched with those that are true.

An item is found when one that was read has its price and a name like it (rapidfuzz, ratio >= 60);
each counts for one. An item whose true price nobody can read is neither asked for nor held against
the reading.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from shared.contracts.receipts import LineItem
from worker.cli.quality.truth import TruthItem

_SAME_NAME = 60


@dataclass(frozen=True)
class ScoredItem:
    """An item that was found (both are there), missed (only `expected`) or too many (only
    `read`). With `ignored` it counts for nothing."""

    expected: TruthItem | None
    read: LineItem | None
    ignored: bool = False


def match_items(expected: Sequence[TruthItem], read: Sequence[LineItem]) -> list[ScoredItem]:
    """Every item of both sides once: those with a true price, those without, those too many."""
    priced = [truth for truth in expected if truth.total_price is not None]
    partners = _partners(priced, read)
    left = [item for place, item in enumerate(read) if place not in partners.values()]
    found = [
        ScoredItem(truth, read[partners[place]] if place in partners else None)
        for place, truth in enumerate(priced)
    ]
    unreadable = [
        ScoredItem(truth, _taken(truth, left), ignored=True)
        for truth in expected
        if truth.total_price is None
    ]
    return [*found, *unreadable, *(ScoredItem(None, item) for item in left)]


def _partners(expected: Sequence[TruthItem], read: Sequence[LineItem]) -> Mapping[int, int]:
    """By place in `expected` the place in `read`; the most alike find each other first."""
    pairs = sorted(
        (-_likeness(truth.name, item), wanted, got)
        for wanted, truth in enumerate(expected)
        for got, item in enumerate(read)
        if item.total_price == truth.total_price
    )
    partners: dict[int, int] = {}
    for unlikeness, wanted, got in pairs:
        is_free = wanted not in partners and got not in partners.values()
        if is_free and -unlikeness >= _SAME_NAME:
            partners[wanted] = got
    return partners


def _taken(truth: TruthItem, left: list[LineItem]) -> LineItem | None:
    """The first item of `left` with a name like the true one, taken out of the list."""
    alike = (place for place, item in enumerate(left) if _likeness(truth.name, item) >= _SAME_NAME)
    place = next(alike, None)
    return None if place is None else left.pop(place)


def _likeness(expected: str, item: LineItem) -> float:
    """How alike a true name and a name that was read are, 0 to 100: the readable and the printed
    one, with and without spaces, whichever is nearest."""
    return max(
        max(
            fuzz.token_set_ratio(expected.upper(), name.upper()),
            fuzz.ratio(_squeezed(expected), _squeezed(name)),
        )
        for name in (item.parsed_name, item.raw_text)
    )


def _squeezed(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())
