"""Amounts without decimals: `1.234` has thousands, not three decimals.

The receipt shows it: its rows end with grouped thousands, with numbers beside the sign of a
currency that has no decimals, or with numbers under each other, and hardly any has two decimals.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from statistics import median, mode

from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.rows.numbers import ends_with_amount, no_size

# What may group thousands, where no hint says which it is.
_ANY = ".,' "
# Signs that stand before, and behind, amounts without decimals.
_BEFORE = r"(?:[\u00a5\uffe5\u20a9\u20ab]|\b(?:Rp\.?|JPY|KRW|VND|IDR|HUF|CLP))"
_BEHIND = r"(?:[\u00a5\uffe5\u20a9\u20ab\u5186\uc6d0\u0111]|Ft|JPY|KRW|VND|IDR|HUF|CLP)(?![^\W\d_])"
# At least so many rows show that amounts have no decimals,
_FEW = 2
# or so many numbers under each other that have no sign and no thousands;
_COLUMN = 3
# and rows with decimals are at most this fraction of them.
_STRAY = 0.2
# Amounts end under each other within this fraction of their height.
_ALIGNED = 1.5
_THREE_DECIMALS = re.compile(r"(?<![\d.,])0[.,]\d{3}(?!\d)\W*$")
_NUMBER = re.compile(
    r"(?<![\d.,:/#%-])(?<!\d\s)(?<![^\W\d_])(?:-\s?)?\d{1,6}(?=\s?[*]?\s?(?:[A-Z]{1,2}\d{0,2}\b)?\W*$)(?!\s?[%/.,:])"
)


@dataclass(frozen=True)
class WholeAmounts:
    """How amounts without decimals are printed.

    `separators` group thousands. Numbers count as amounts, too, if they end at `right` pixels from
    the left, give or take `reach`.
    """

    separators: str
    right: float
    reach: float

    def has(self, line: TextLine) -> bool:
        """Return whether a row ends where the amounts end."""
        return abs(line.words[-1].right - self.right) <= self.reach


def find_whole_amounts(
    lines: Sequence[TextLine], thousands: str | None = None
) -> WholeAmounts | None:
    """Find how amounts without decimals are printed, or None if amounts have decimals.

    `thousands` has the characters that may group thousands in the country of the hint: none where
    prices have three decimals. It is None without a hint.
    """
    cents = sum(ends_with_amount(line.text) for line in lines)
    separators = {line: _separator(line.text, thousands or _ANY) for line in lines}
    grouped = [line for line, separator in separators.items() if separator]
    if thousands and len(grouped) > cents:
        return _style(grouped, thousands)
    whole = grouped or [line for line in lines if _signed().search(line.text)]
    if thousands == "" or _have_three_decimals(lines) or cents > _STRAY * len(whole):
        return None
    if len(whole) < _FEW:
        return _column(lines)
    return _style(whole, thousands or mode([separators[line] or _ANY for line in whole]))


def _have_three_decimals(lines: Sequence[TextLine]) -> bool:
    """Return whether amounts have three decimals, by those below one."""
    return sum(bool(_THREE_DECIMALS.search(line.text)) for line in lines) >= _FEW


def _style(lines: Sequence[TextLine], separators: str) -> WholeAmounts:
    right = median(line.words[-1].right for line in lines)
    return WholeAmounts(separators, right, _ALIGNED * median(line.height for line in lines))


def _column(lines: Sequence[TextLine]) -> WholeAmounts | None:
    """Find numbers under each other behind names, the largest of which is printed twice."""
    ends = [line for line in lines if len(line.words) > 1 and _NUMBER.search(line.text)]
    styles = [_style([line], _ANY) for line in ends]
    best = max(styles, key=lambda style: sum(map(style.has, ends)), default=None)
    if best is None:
        return None
    numbers = [_number(line.text) for line in ends if best.has(line)]
    is_column = len(numbers) > _COLUMN and numbers.count(max(numbers)) >= _FEW
    return best if is_column and 0 < max(numbers) < 10**6 else None


def _number(text: str) -> int:
    found = _NUMBER.search(text)
    return int(re.sub(r"\D", "", found[0])) if found else 0


def with_decimals(line: TextLine, text: str, style: WholeAmounts) -> str:
    """Write the two decimals that are not printed: behind `1.234`, `$ 990`, and at the end."""
    text = _with_cents(_small(), _with_cents(_grouped(style.separators), text))
    return _with_cents(_NUMBER, text) if style.has(line) else text


def without_decimals(amount: Decimal | None) -> Decimal | None:
    """Remove decimals that are zero, since they were not printed."""
    if amount is None or amount != amount.to_integral_value():
        return amount
    return amount.quantize(Decimal(1))


def _with_cents(numbers: re.Pattern[str], text: str) -> str:
    return numbers.sub(
        lambda match: match[0] + (",00" if {".", " "} & {*match[0].strip()} else ".00"), text
    )


def _separator(text: str, thousands: str) -> str | None:
    """Return what groups the thousands of the number at the end of a row."""
    found: Iterable[re.Match[str]] = _grouped(thousands).finditer(text)
    for match in found:
        if ends_with_amount(text[: match.end()] + ".00" + text[match.end() :]) or (
            ends_with_amount(text[: match.end()] + ",00" + text[match.end() :])
        ):
            return match["separator"]
    return None


@cache
def _grouped(thousands: str) -> re.Pattern[str]:
    """Match grouped thousands that are no part of a number, a date or a size."""
    marks = f"[{re.escape(thousands.replace(' ', ''))}]" if thousands.strip() else "(?!)"
    # In `2 250 000` a blank may stand behind a count as well, so such a row is left alone.
    blank = r"(?<!\d \d)(?<!\d \d\d)(?<!\d \d\d\d) " if " " in thousands else "(?!)"
    return re.compile(
        rf"(?<![\d.,/])(?<!\d-)[1-9]\d{{0,2}}(?P<separator>{marks}|{blank})"
        rf"(?:\d{{3}}(?:(?P=separator)\d{{3}})?|\d{{2}},\d{{3}}){_no_more()}",
        re.IGNORECASE,
    )


@cache
def _small() -> re.Pattern[str]:
    """Match a number without thousands beside the sign of a currency."""
    before = rf"(?:(?<=[$])\s?|(?:{_BEFORE})\s?)"
    return re.compile(
        rf"{before}[1-9]\d{{0,5}}{_no_more()}|(?<![\d.,/:-])\d{{1,6}}(?=\s?{_BEHIND})",
        re.IGNORECASE,
    )


@cache
def _signed() -> re.Pattern[str]:
    """Match a number without decimals beside the sign of a currency without decimals."""
    return re.compile(
        rf"{_BEFORE}\s?-?\d{{1,6}}\W*$|(?<![\d.,])\d{{1,6}}\s?{_BEHIND}\W*$", re.IGNORECASE
    )


def _no_more() -> str:
    return rf"(?![\d.,'/%]|-[\dk]\b| \d{{3}}(?!\d)|\s(?:kg|g|l|ml)\b){no_size()}"
