"""Printed sizes (`1GL`, `500 g`, `6X1.5L`) as count and unit."""

import re
from dataclasses import dataclass
from decimal import Decimal

# By unit: how it is printed, and more than what is no size but something else (`EGGS 12 L`).
_UNITS: dict[str, tuple[str, int]] = {
    "gallon": ("gl|gal|gall|gallons?", 10),
    "quart": ("qt|qts|quarts?", 10),
    "pint": ("pt|pts|pints?", 10),
    "fl oz": (r"fl\.?\s?oz|fz|fluid ounces?", 300),
    "oz": ("oz|ozs|ounces?", 500),
    "lb": ("lb|lbs|pounds?", 100),
    "kg": ("kg|kgs|kilo", 50),
    "g": ("g|gr|gm|gms|grams?|gramm", 5000),
    "ml": ("ml", 5000),
    "cl": ("cl", 500),
    "l": ("l|lt|ltr|ltrs|lit(?:er|re)s?", 10),
    "dozen": ("dz|doz|dozen", 10),
    "ct": ("ct|cnt|count", 1000),
    "pack": ("pk|pack", 100),
}
_UNIT = "|".join(f"(?P<{unit.replace(' ', '_')}>{words})" for unit, (words, _) in _UNITS.items())
_SIZE = re.compile(
    r"(?<![\w.,/%$€£&'-])(?:(?P<packs>[1-9]\d{0,2})\s?[x×*]\s?)?"
    rf"(?P<count>1/[248]|\d{{0,4}}[.,]\d{{1,3}}|\d{{1,4}})[\s-]?(?:{_UNIT})(?![\w/&'%])\.?",
    re.IGNORECASE,
)


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
    for match in _SIZE.finditer(text):
        unit = next(one for one in _UNITS if match[one.replace(" ", "_")])
        size = Size(_decimal(match["count"]), unit, int(match["packs"] or 1))
        if 0 < size.count <= _UNITS[unit][1]:
            found.append(PrintedSize(size, match.start(), match.end()))
    return found


def _decimal(count: str) -> Decimal:
    whole, slash, parts = count.replace(",", ".").partition("/")
    return Decimal(whole) / Decimal(parts) if slash else Decimal(whole)
