"""Printed numbers as decimals: comma or dot, thousands, trailing minus, tax codes behind."""

import re
from dataclasses import dataclass
from decimal import Decimal

CURRENCY = r"(?:RM|EURO?|USD|GBP|CHF|CAD|AUD|SGD|[€$£])"
# 1.234,56 · 1,234.56 · 12,50 · .50; two decimals always, so that 500 ml or 2020 is no amount.
# Blanks group thousands before a comma only: `2 250.00` is a count and a price.
_DIGITS = (
    r"(?:\d{1,3}(?: \d{3}){1,2},\d{2}|(?:\d{1,3}(?:[.,']\d{3}){1,2}|\d{1,6})[.,]\s?\d{2}|[.,]\d{2})"
)
# Directly behind a number: a size, as in 6x1.25L; or a time, as in 9.00 Uhr.
NO_SIZE = r"(?!(?:l|ltr?|kg|ml|cl|oz|lbs?)\b|\s?(?:uhr|hrs?|[ap]\.?m)\b)"
_AMOUNT = re.compile(
    rf"(?P<before>-\s?)?{CURRENCY}?\s?(?P<minus>-\s?)?(?<![\d.,])(?P<digits>{_DIGITS})(?!\d){NO_SIZE}"
    r"(?P<after>\s?-(?:(?=[A-Z]\b)|(?![\w.])))?",
    re.IGNORECASE,
)
# What tills print behind a price: a currency, a tax code or two, stars.
_BEHIND = re.compile(
    rf"[\s*.×-]{{0,9}}(?:{CURRENCY})?[\s*.]{{0,9}}(?:sale|[A-Z\d]{{1,3}}(?:\s[A-Z])?)?[\s*.]{{0,9}}",
    re.IGNORECASE,
)
# The price again without its decimals, and a tax code: `76.00 76 SR`.
_AGAIN = re.compile(r"\s+(\d{1,6})\s+[A-Z]{1,3}", re.IGNORECASE)
# What stands before a number that is not the row's price: that of one, the weight of a bag.
_NO_PRICE = re.compile(r"(?:@|\btare)\s*$", re.IGNORECASE)
# A tax code printed so close that it was read into the number: 55.001, 14.817R.
_GLUED = re.compile(rf"(?<![\d.,])(\d{{1,4}}[.,]\d{{2}})(?i:{NO_SIZE})(?:[1I7]|\d?[A-Z]{{1,3}})$")


@dataclass(frozen=True)
class Amount:
    """An amount and where in the text it stands."""

    value: Decimal
    start: int
    end: int


def find_amounts(text: str) -> list[Amount]:
    """All amounts of a row, from left to right."""
    found = []
    for match in _AMOUNT.finditer(text):
        value = parse_decimal(match["digits"])
        if match["before"] or match["minus"] or match["after"]:
            value = -value
        found.append(Amount(value, match.start(), match.end()))
    return found


def closing_amount(text: str) -> Amount | None:
    """The amount that ends a row, with nothing but a tax code or a currency behind it; not the
    price of one, as in `Rice @8.50`, or what a bag weighs."""
    amounts = find_amounts(text)
    if amounts and _NO_PRICE.search(text[: amounts[-1].start]):
        return None
    if amounts and _ends_with(text, amounts[-1]):
        return amounts[-1]
    glued = _GLUED.search(text)
    if glued:
        return Amount(parse_decimal(glued[1]), glued.start(), glued.end())
    return None


def _ends_with(text: str, amount: Amount) -> bool:
    again = _AGAIN.fullmatch(text, amount.end)
    if again:
        return int(again[1]) == amount.value
    return bool(_BEHIND.fullmatch(text, amount.end))


def parse_decimal(digits: str) -> Decimal:
    """The decimal that is printed: the last separator is the decimal one, all others group."""
    digits = re.sub(r"\s", "", digits)
    whole, _, cents = digits.replace(",", ".").rpartition(".")
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{cents}")
