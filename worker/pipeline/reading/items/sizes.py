"""Finds printed sizes (`1GL`, `500 g`, `6X1.5L`)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.knowledge.units import any_unit, load_units

# Rows are normalised to NFKC, which writes 1½ as 1, 1, this stroke and 2.
_FRACTION = "\u2044"
# Counts are written out as they are printed.
_PIECE = "piece"


@dataclass(frozen=True)
class Size:
    """A size: `packs` pieces with `count` times `unit` in each."""

    count: Decimal
    unit: str
    packs: int = 1

    @property
    def only_unit(self) -> str | None:
        """The unit, if the size is exactly one of it and more than a piece, otherwise None."""
        return self.unit if self.count == self.packs == 1 and self.unit != _PIECE else None

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

    def written(self, text: str) -> str:
        """Return the size as people write it; the words for pieces stay as in `text`."""
        if self.size.unit == _PIECE:
            return text[self.start : self.end]
        return str(self.size)


def find_sizes(text: str) -> list[PrintedSize]:
    """Find all sizes from left to right; numbers that are 0 or too large are no sizes."""
    found = []
    for match in _size().finditer(text):
        unit = next(unit for unit in load_units() if match[_group(unit)])
        packs = int(match["packs"] or match["times"] or 1)
        size = Size(_decimal(match["count"]), unit, packs)
        if 0 < size.count <= load_units()[unit].most:
            found.append(PrintedSize(size, match.start(), match.end()))
    return found


def _decimal(count: str) -> Decimal:
    """Return the value of `1.5`, `1,5`, `1/2`, `1 1/2` or `1½`."""
    if _FRACTION in count:
        above, _, below = count.partition(_FRACTION)
        return Decimal(above[:-1].strip() or "0") + Decimal(above[-1]) / Decimal(below)
    whole, _, rest = count.rpartition(" ")
    number, slash, parts = rest.replace(",", ".").partition("/")
    value = Decimal(number) / Decimal(parts) if slash else Decimal(number)
    return Decimal(whole or "0") + value


@cache
def _size() -> re.Pattern[str]:
    units = "|".join(
        f"(?P<{_group(name)}>{any_of(unit.printed)})" for name, unit in load_units().items()
    )
    # Four packs of 125 g are `4 x 125 g` or `125g x 4`.
    times = rf"(?:\s?[x×*]\s?(?P<times>[1-9]\d?)(?![\w.,])(?!\s?{any_unit()}\b))?"
    return re.compile(
        # Behind a word the blank may have been lost: NEUTRO500ML.
        r"(?:(?<![\w.,/%$€£&'-])|(?<=[^\W\d_]{4}))(?:(?P<packs>[1-9]\d{0,2})\s?[x×*]\s?)?"
        rf"(?P<count>(?:\d\s)?[13]/[248]|\d?\d{_FRACTION}\d|\d{{0,4}}[.,]\d{{1,3}}|\d{{1,4}})"
        rf"[\s-]?(?:{units})(?!(?![x×*]\s?\d)[\w/&'%])\.?{times}",
        re.IGNORECASE,
    )


def _group(unit: str) -> str:
    """Return the name of a unit's group in the pattern."""
    return unit.replace(" ", "_")
