"""Reads printed amounts: comma or dot, thousands, trailing minus, and tax codes behind them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from worker.pipeline.knowledge.currencies import beside_amounts
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of

# 1.234,56 · 1,234.56 · 1,23,456.00 · 12,50 · .50 · 25,-; two decimals, so that 500 ml or 2020 is no
# amount. Blanks group thousands only before a comma: `2 250.00` is a count and a price.
_DIGITS = (
    r"(?:\d{1,3}(?: \d{3}){1,2},\d{2}|\d{1,2}(?:,\d{2}){1,2},\d{3}\.\d{2}"
    r"|(?:\d{1,3}(?:[.,'\u2019]\d{3}){1,2}|\d{1,6})[.,]\s?\d{2}"
    r"|\d{1,6}[.,]\s?[-\u2013\u2014]{1,2}(?![\d-])|(?<![^\W\d_]{3})[.,]\d{2})"
)
# A price repeated without its decimals, with a tax code: `76.00 76 SR`.
_AGAIN = re.compile(r"\s+(\d{1,6})\s+[A-Z]{1,3}", re.IGNORECASE)
# The rate of the tax on an item, behind its price: `1,85 13%`, `2.40 A (20%)`.
_RATE_BEHIND = r"(?:(?:\s|^)[A-Z]?\s?\(?\d{1,2}(?:[.,]\d{1,2})?\s?%\)?)?"
# Hours of opening, which have the form of amounts: 07.00-23.00.
_HOURS = re.compile(r"(?<![\d.,])[0-2]?\d[.:][0-5]\d\s?[-\u2013]\s?[0-2]\d[.:][0-5]\d(?![\d.,])")


@dataclass(frozen=True)
class Amount:
    """An amount, and its place in the text: `start` to `end` (exclusive)."""

    value: Decimal
    start: int
    end: int


# Receipts are read several times with most of their rows unchanged.
@lru_cache(maxsize=2048)
def find_amounts(text: str) -> Sequence[Amount]:
    """Find all amounts in a row, from left to right."""
    found = []
    hours = [range(*match.span()) for match in _HOURS.finditer(text)]
    for match in _amount().finditer(text):
        if any(match.start("digits") in span for span in hours):
            continue
        value = parse_decimal(match["digits"])
        in_brackets = (
            text[match.start() - 1 : match.start()] == "(" and text[match.end() :][:1] == ")"
        )
        if match["before"] or match["minus"] or match["after"] or in_brackets:
            value = -value
        found.append(Amount(value, match.start(), match.end()))
    return tuple(found)


def closing_amount(text: str) -> Amount | None:
    """Return the amount at the end of a row, with at most a tax code or a currency behind it.

    A unit price, as in `Rice @8.50`, and the weight of a bag do not count.
    """
    amounts = [amount for amount in find_amounts(text) if not _is_rate(text, amount)]
    if amounts and _no_price().search(text[: amounts[-1].start]):
        return None
    if amounts and _ends_with(text, amounts[-1]):
        return amounts[-1]
    glued = _glued().search(text)
    if glued:
        return Amount(parse_decimal(glued[1]), glued.start(), glued.end())
    return None


def _is_rate(text: str, amount: Amount) -> bool:
    """Return whether an amount is a rate: 13,00%."""
    return text[amount.end :].lstrip().startswith("%")


def ends_with_amount(text: str) -> bool:
    """Return whether a row ends with an amount that has its decimals."""
    amounts = find_amounts(text)
    return bool(amounts) and _ends_with(text, amounts[-1])


def _ends_with(text: str, amount: Amount) -> bool:
    again = _AGAIN.fullmatch(text, amount.end)
    if again:
        return int(again[1]) == amount.value
    return bool(_behind().fullmatch(text, amount.end))


def parse_decimal(digits: str) -> Decimal:
    """Parse printed digits: the last separator is the decimal one, all others group thousands."""
    digits = re.sub(r"[-\u2013\u2014]+$", "00", re.sub(r"\s", "", digits))
    whole, _, cents = digits.replace(",", ".").rpartition(".")
    return Decimal(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{cents}")


@cache
def no_size() -> str:
    """Return a look-ahead that rejects a size such as 6x1.25L or a time such as 9.00 Uhr."""
    hours = any_of(vocabulary().dates.hours)
    # A letter behind a blank may be a tax code: 1.19 L.
    return rf"(?!(?:l|ltr?)\b|\s?(?:kg|ml|cl|oz|[l1]bs?)\b|\s?{hours}\b)"


@cache
def _amount() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<before>-\s?)?(?:(?<![^\W\d_]){beside_amounts()})?\s?(?P<minus>-\s?)?"
        # Numbers of tills begin with zeros, and hours are joined by a hyphen: 07.00-23.00.
        rf"(?<![\d.,])(?<!\d-)(?!0\d)(?P<digits>{_DIGITS})(?!\d){no_size()}"
        r"(?P<after>\s?-(?:(?=[A-Z]\b)|(?![\w.])))?",
        re.IGNORECASE,
    )


@cache
def _behind() -> re.Pattern[str]:
    """Match what tills print behind a price: a currency, a tax code or two, a rate, stars."""
    words = any_of(vocabulary().till.behind_prices)
    return re.compile(
        rf"\)?[\s*.×-]{{0,9}}{beside_amounts()}?[\s*.]{{0,9}}"
        rf"(?:{words}|[A-Z\d]{{1,3}}(?:\s[A-Z])?)?{_RATE_BEHIND}[\s*.]{{0,9}}",
        re.IGNORECASE,
    )


@cache
def _no_price() -> re.Pattern[str]:
    """Match what is before a unit price or the weight of a bag, which are not the row's price."""
    packaging = any_of(vocabulary().till.packaging)
    return re.compile(rf"(?:@|\b{packaging})\s*$", re.IGNORECASE)


@cache
def _glued() -> re.Pattern[str]:
    """Match an amount with a tax code so close that it was read as digits: 55.001, 14.817R."""
    return re.compile(
        rf"(?<![\d.,])(\d{{1,4}}[.,]\d{{2}})(?i:{no_size()})(?:[1I7]|\d?[A-Z]{{1,3}})$"
    )
