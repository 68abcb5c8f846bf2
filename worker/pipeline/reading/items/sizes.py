"""Finds printed sizes (`1GL`, `500 g`, `6X1.5L`)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.knowledge.units import load_units


@dataclass(frozen=True)
class Size:
    """A size: `packs` pieces with `count` times `unit` in each."""

    count: Decimal
    unit: str
    packs: int = 1

    @property
    def only_unit(self) -> str | None:
        """The unit, if the size is exactly one of it, otherwise None."""
        return self.unit if self.count == 1 and self.packs == 1 else None

    def __str__(self) -> str:
        """Write the size as people do: `6 x 1.5 l`."""
        amount = f"{self.count.normalize():f} {self.unit}"
        return amount if self.packs == 1 else f"{self.packs} x {amount}"


@dataclass(frozen=True)
class PrintedSize:
    """A size, and its place in the text: `start` to `end` (exclusive)."""

    size: Size
    start: int
    end: int


def find_sizes(text: str) -> list[PrintedSize]:
    """Find all sizes from left to right; numbers that are 0 or too large are no sizes."""
    found = []
    for match in _size().finditer(text):
        unit = next(unit for unit in load_units() if match[_group(unit)])
        size = Size(_decimal(match["count"]), unit, int(match["packs"] or 1))
        if 0 < size.count <= load_units()[unit].most:
            found.append(PrintedSize(size, match.start(), match.end()))
    return found


def _decimal(count: str) -> Decimal:
    whole, slash, parts = count.replace(",", ".").partition("/")
    return Decimal(whole) / Decimal(parts) if slash else Decimal(whole)


@cache
def _size() -> re.Pattern[str]:
    units = "|".join(
        f"(?P<{_group(name)}>{any_of(unit.printed)})" for name, unit in load_units().items()
    )
    return re.compile(
        r"(?<![\w.,/%$€£&'-])(?:(?P<packs>[1-9]\d{0,2})\s?[x×*]\s?)?"
        rf"(?P<count>1/[248]|\d{{0,4}}[.,]\d{{1,3}}|\d{{1,4}})[\s-]?(?:{units})(?![\w/&'%])\.?",
        re.IGNORECASE,
    )


def _group(unit: str) -> str:
    """Return the name of a unit's group in the pattern."""
    return unit.replace(" ", "_")
