"""Printed numbers as decimals: comma or dot, thousands, trailing minus, tax codes behind."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of

# 1.234,56 · 1,234.56 · 12,50 · .50; two decimals always, so that 500 ml or 2020 is no amount.
# Blanks group thousands before a comma only: `2 250.00` is a count and a price.
_DIGITS = (
    r"(?:\d{1,3}(?: \d{3}){1,2},\d{2}|(?:\d{1,3}(?:[.,']\d{3}){1,2}|\d{1,6})[.,]\s?\d{2}|[.,]\d{2})"
)
# The price again without its decimals, and a tax code: `76.00 76 SR`.
_AGAIN = re.compile(r"\s+(\d{1,6})\s+[A-Z]{1,3}", re.IGNORECASE)


@dataclass(frozen=True)
class Amount:
    """An amount and where in the text it stands."""

    value: Decimal
    start: int
    end: int


def find_amounts(text: str) -> list[Amount]:
    """All amounts of a row, from left to right."""
    found = []
    for match in _amount().finditer(text):
        value = parse_decimal(match["digits"])
        if match["before"] or match["minus"] or match["after"]:
            value = -value
        found.append(Amount(value, match.start(), match.end()))
    return found


def closing_amount(text: str) -> Amount | None:
    """The amount that ends a row, with nothing but a tax code or a currency behind it; not the
    price of one, as in `Rice @8.50`, or what a bag weighs."""
    amounts = find_amounts(text)
    if amounts and _no_price().search(text[: amounts[-1].start]):
        return None
    if amounts and _ends_with(text, amounts[-1]):
        return amounts[-1]
    glued = _glued().search(text)
    if glued:
        return Amount(parse_decimal(glued[1]), glued.start(), glued.end())
    return None


def _ends_with(text: str, amount: Amount) -> bool:
    again = _AGAIN.fullmatch(text, amount.end)
    if again:
        return int(again[1]) == amount.value
    return bool(_behind().fullmatch(text, amount.end))


def parse_decimal(digits: str) -> Decimal:
    """The decimal that is printed: the last separator is the decimal one, all others group."""
    digits = re.sub(r"\s", "", digits)
    whole, _, cents = digits.replace(",", ".").rpartition(".")
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{cents}")


@cache
def no_size() -> str:
    """What must not follow the number of a price: a unit as in 6x1.25L, an hour as in 9.00 Uhr."""
    hours = any_of(vocabulary().dates.hours)
    return rf"(?!(?:l|ltr?|kg|ml|cl|oz|lbs?)\b|\s?{hours}\b)"


@cache
def _amount() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<before>-\s?)?{beside_amounts()}?\s?(?P<minus>-\s?)?"
        rf"(?<![\d.,])(?P<digits>{_DIGITS})(?!\d){no_size()}"
        r"(?P<after>\s?-(?:(?=[A-Z]\b)|(?![\w.])))?",
        re.IGNORECASE,
    )


@cache
def _behind() -> re.Pattern[str]:
    """What tills print behind a price: a currency, a tax code or two, stars."""
    words = any_of(vocabulary().till.behind_prices)
    return re.compile(
        rf"[\s*.×-]{{0,9}}{beside_amounts()}?[\s*.]{{0,9}}"
        rf"(?:{words}|[A-Z\d]{{1,3}}(?:\s[A-Z])?)?[\s*.]{{0,9}}",
        re.IGNORECASE,
    )


@cache
def _no_price() -> re.Pattern[str]:
    """What stands before a number that is not the row's price: that of one, the weight of a bag."""
    packaging = any_of(vocabulary().till.packaging)
    return re.compile(rf"(?:@|\b{packaging})\s*$", re.IGNORECASE)


@cache
def _glued() -> re.Pattern[str]:
    """A tax code printed so close that it was read into the number: 55.001, 14.817R."""
    return re.compile(
        rf"(?<![\d.,])(\d{{1,4}}[.,]\d{{2}})(?i:{no_size()})(?:[1I7]|\d?[A-Z]{{1,3}})$"
    )
