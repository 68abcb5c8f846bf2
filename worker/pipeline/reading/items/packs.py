"""Finds how much is in a pack, by the sizes in its name: `6x330ml`, `2 lb`, `12pk`, `dozen`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.patterns import whole
from worker.pipeline.knowledge.units import Unit, load_units
from worker.pipeline.reading.items.sizes import Size, find_sizes

_PIECE = "piece"
# Amounts that differ by less are one in two units: 16 oz (454 g).
_SAME = Decimal("0.03")
# `COLA X6` has six; smaller numbers are rather a quantity or the name of a size.
_TIMES = re.compile(r"(?:^|(?<=\s))[x×]\s?([4-9]|[1-3]\d)(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True)
class FoundPack:
    """A pack: `count` things of `size` times `unit` each, and all of it in a base unit.

    `base` is g, ml or piece. Things without a size have size 1 and the unit `piece`.
    """

    count: int
    size: Decimal
    unit: str
    amount: Decimal
    base: str


def find_pack(name: str) -> FoundPack | None:
    """Find the pack in a name; None if no size is printed, or several that disagree."""
    sizes = [found.size for found in find_sizes(name)]
    measures = [size for size in sizes if not _unit(size).is_counted]
    counts = [_pieces(size) for size in sizes if _unit(size).is_counted]
    if not sizes:
        return _alone(name)
    if not measures:
        return _of_pieces(counts[0]) if len(set(counts)) == 1 else None
    measure = _agreed(measures)
    if measure is None:
        return None
    return _pack(measure, _times(measure, sizes, counts))


def _times(measure: Size, sizes: Sequence[Size], counts: Sequence[Decimal]) -> int:
    """Return how many of a measure there are.

    `12 pk 12 oz` and `6 ct 0.33 l` have so much in each, and `12 ct 16 oz` has it in all of them.
    """
    if measure.packs > 1 or len(set(counts)) != 1 or counts[0] != int(counts[0]):
        return measure.packs
    is_each = _unit(measure).base == "ml" or any(size.unit == "pack" for size in sizes)
    return int(counts[0]) if is_each else 1


def _alone(name: str) -> FoundPack | None:
    """Return the pack of a name without a number before a unit: EGGS DOZEN, MILK GAL, COLA X6."""
    words = [unit for unit, pattern in _words() if pattern.search(name)]
    if len(words) == 1:
        unit = load_units()[words[0]]
        if unit.is_counted:
            return _of_pieces(unit.holds)
        return _pack(Size(Decimal(1), words[0]), 1)
    times = _TIMES.search(name)
    return _of_pieces(Decimal(times[1])) if times and not words else None


def _agreed(measures: Sequence[Size]) -> Size | None:
    """Return the first of the sizes if all of them are the same amount, a multipack before all."""
    amounts = [size.count * size.packs * _unit(size).holds for size in measures]
    same_base = len({_unit(size).base for size in measures}) == 1
    if not same_base or max(amounts) - min(amounts) > _SAME * max(amounts):
        return None
    return max(measures, key=lambda size: size.packs > 1)


def _pack(measure: Size, count: int) -> FoundPack:
    unit = _unit(measure)
    amount = measure.count * count * unit.holds
    return FoundPack(count, measure.count, measure.unit, amount, unit.base)


def _of_pieces(count: Decimal) -> FoundPack | None:
    if count != int(count):
        return None
    return FoundPack(int(count), Decimal(1), _PIECE, count, _PIECE)


def _pieces(size: Size) -> Decimal:
    return size.count * size.packs * _unit(size).holds


def _unit(size: Size) -> Unit:
    return load_units()[size.unit]


@cache
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(whole(unit.alone), re.IGNORECASE))
        for name, unit in load_units().items()
        if unit.alone
    )
