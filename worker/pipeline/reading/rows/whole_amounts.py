"""Amounts without decimals: `1.234` has thousands, not three decimals.

Print alone does not show which it is, so it takes a hint at the country, and a receipt on which
such numbers outnumber those with two decimals.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.rows.numbers import closing_amount, no_size

# Dollars and pesos, yen, won and dong.
_SIGNS = "[$\u00a5\u20a9\u20ab]"


def has_whole_amounts(lines: Iterable[TextLine], thousands: str) -> bool:
    """Return whether more rows end with grouped thousands than with an amount that has decimals.

    `thousands` has the characters that may group thousands in the receipt's country.
    """
    if not thousands:
        return False
    whole = with_cents = 0
    for line in lines:
        if closing_amount(line.text):
            with_cents += 1
        elif closing_amount(_with_cents(_grouped(thousands), line.text)):
            whole += 1
    return whole > with_cents


def with_decimals(text: str, thousands: str) -> str:
    """Write the two decimals that are not printed: behind `1.234`, and behind `$ 990`."""
    return _with_cents(_small(), _with_cents(_grouped(thousands), text))


def without_decimals(amount: Decimal | None) -> Decimal | None:
    """Remove decimals that are zero, since they were not printed."""
    if amount is None or amount != amount.to_integral_value():
        return amount
    return amount.quantize(Decimal(1))


def _with_cents(numbers: re.Pattern[str], text: str) -> str:
    return numbers.sub(lambda match: match[0] + (",00" if "." in match[0] else ".00"), text)


@cache
def _grouped(thousands: str) -> re.Pattern[str]:
    """Match grouped thousands that are no part of a number, a date or a size."""
    return re.compile(
        rf"(?<![\d.,/])(?<!\d-)[1-9]\d{{0,2}}(?P<separator>[{re.escape(thousands)}])\d{{3}}"
        rf"(?:(?P=separator)\d{{3}})?{_no_more()}",
        re.IGNORECASE,
    )


@cache
def _small() -> re.Pattern[str]:
    """Match a number below a thousand behind the sign of a currency."""
    return re.compile(rf"(?<={_SIGNS})\s?[1-9]\d{{0,2}}{_no_more()}", re.IGNORECASE)


def _no_more() -> str:
    return rf"(?![\d.,/%]|-\d|\s(?:kg|g|l|ml)\b){no_size()}"
