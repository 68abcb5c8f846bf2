"""Finds printed dates in any of the usual orders of day, month and year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.words.folding import folded

# The two separators must be equal: `REG 19- 21/03/2018` begins with the number of a till.
_FIRST, _SECOND = r"\s?(?P<separator>[-/.])\s?", r"\s?(?P=separator)\s?"
_NUMERIC = re.compile(
    rf"(?<![\d,/])(?<!\d\.)(?P<first>\d{{1,2}}){_FIRST}(?P<second>\d{{1,2}}){_SECOND}"
    r"(?P<year>\d{2,6}+)(?P<time>:\d\d)?+(?!\s?(?P=separator)\s?\d)"
)
_YEAR_FIRST = re.compile(
    rf"(?<!\d)(?P<year>(?:19|20)\d\d){_FIRST}(?P<month>\d\d?){_SECOND}(?P<day>\d\d?)(?!\d)"
)
_NAME_FIRST = re.compile(
    r"(?<!\w)(?P<month>[^\W\d_]{3,12})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,\s?|\s)(?P<year>\d{4})(?!\d)"
)
# Older receipts are not worth the risk of mistaking another number for a date.
_OLDEST = 2000


@dataclass(frozen=True)
class FoundDate:
    """A date; it is `ambiguous` if its day could also be its month."""

    value: date
    ambiguous: bool


def find_dates(
    text: str, *, month_first: bool, today: date, year_first: bool = False
) -> list[FoundDate]:
    """Find the dates in a row from 2000 on, up to the day after `today`.

    `year_first`: a year of two digits may be first, where that makes the date a later one.
    """
    found = []
    for match in _YEAR_FIRST.finditer(text):
        found.append(_date(match["year"], match["month"], match["day"], today))
    for match in _NUMERIC.finditer(text):
        numeric = _numeric(match, month_first, today)
        found.append(_later(numeric, _short_year_first(match, today)) if year_first else numeric)
    for pattern in (_named(), _NAME_FIRST):
        for match in pattern.finditer(text):
            month = _months().get(folded(match["month"]))
            if month:
                found.append(_date(match["year"], str(month), match["day"], today))
    return [printed for printed in found if printed is not None]


def is_month_first(text: str, *, today: date) -> bool | None:
    """Return whether numeric dates in a text have the month first, by one with a day past 12.

    Returns None if there is no such date.
    """
    for match in _NUMERIC.finditer(text):
        found = None if " " in match[0] else _numeric(match, month_first=False, today=today)
        if found and found.value.day > 12:
            return int(match["second"]) > 12
    return None


def _numeric(match: re.Match[str], month_first: bool, today: date) -> FoundDate | None:
    year = _year_digits(match["year"], bool(match["time"]))
    if year is None:
        return None
    day, month = match["first"], match["second"]
    if month_first:
        day, month = month, day
    if int(month) > 12:
        day, month = month, day
    ambiguous = int(day) <= 12 and day != month
    found = _date(year, month, day, today, ambiguous=ambiguous)
    # A date that is in the future in one order may be in the past in the other.
    return found or (_date(year, day, month, today) if ambiguous else None)


def _short_year_first(match: re.Match[str], today: date) -> FoundDate | None:
    """Read `26-03-14` as the 14th of March 2026."""
    day = _year_digits(match["year"], bool(match["time"]))
    if day is None or len(day) != 2 or len(match["first"]) != 2:
        return None
    return _date(match["first"], match["second"], day, today)


def _later(either: FoundDate | None, other: FoundDate | None) -> FoundDate | None:
    """Return the later of two readings of a date, since receipts are seldom many years old."""
    if either is None or other is None:
        return either or other
    later = max(either, other, key=lambda found: found.value)
    return replace(later, ambiguous=either.value != other.value)


def _year_digits(digits: str, time_follows: bool) -> str | None:
    """Return the digits of the year without those of a time: `2009:58` is year 20 at 09:58."""
    if time_follows:
        return {3: digits[:2], 4: digits[:2], 5: digits[:4], 6: digits[:4]}.get(len(digits), digits)
    if len(digits) > 4 and digits.startswith("20"):
        return digits[:4]
    return digits if len(digits) in (2, 4) else None


def _date(
    year: str, month: str, day: str, today: date, *, ambiguous: bool = False
) -> FoundDate | None:
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    try:
        value = date(full_year, int(month), int(day))
    except ValueError:
        return None
    # One day is allowed because the till may be in a time zone east of `today`.
    if full_year < _OLDEST or value > today + timedelta(days=1):
        return None
    return FoundDate(value, ambiguous)


def calls_it_a_date(text: str) -> bool:
    """Return whether a row has a word for the date of the receipt."""
    return bool(_date_word().search(text))


def is_about_another_day(text: str) -> bool:
    """Return whether a row is about a day other than that of the purchase, such as the last day
    for returns."""
    return bool(_other_day().search(text))


@cache
def _named() -> re.Pattern[str]:
    """Match a day, a month's name and a year, with words between them as in `7 de maio`."""
    between = rf"(?:{any_of(vocabulary().dates.between)}\s+)?"
    return re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})[\s.\-/]*{between}(?P<month>[^\W\d_]{{3,12}})"
        rf"[\s.,\-/]*{between}(?P<year>\d{{4}}|\d{{2}})(?!\d)",
        re.IGNORECASE,
    )


@cache
def _months() -> Mapping[str, int]:
    """Return the numbers of months by their folded names."""
    return {
        folded(name): number
        for number, (_, names) in enumerate(vocabulary().months, start=1)
        for name in names
    }


@cache
def _date_word() -> re.Pattern[str]:
    return re.compile(whole(vocabulary().dates.words), re.IGNORECASE)


@cache
def _other_day() -> re.Pattern[str]:
    return re.compile(whole(vocabulary().dates.other_days), re.IGNORECASE)
