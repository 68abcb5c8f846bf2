"""Printed sizes (`1GL`, `500 g`, `6X1.5L`) as count and unit."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.knowledge.units import load_units


@dataclass(frozen=True)
class Size:
    """How much is in one piece, times `packs` of them in one."""

    count: Decimal
    unit: str
    packs: int = 1

    @property
    def only_unit(self) -> str | None:
        """The unit, where this is one of it in one pack."""
        return self.unit if self.count == 1 and self.packs == 1 else None

    def __str__(self) -> str:
        """As people write it: `6 x 1.5 l`."""
        amount = f"{self.count.normalize():f} {self.unit}"
        return amount if self.packs == 1 else f"{self.packs} x {amount}"


@dataclass(frozen=True)
class PrintedSize:
    """A size and where in the text it stands."""

    size: Size
    start: int
    end: int


def find_sizes(text: str) -> list[PrintedSize]:
    """All sizes, from left to right. What is 0 or too much to be one is not understood."""
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
    """The name of a unit's group in the pattern."""
    return unit.replace(" ", "_")
