"""Finds printed dates in any of the usual orders of day, month and year."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.words.folding import folded

# The two separators must be equal: `REG 19- 21/03/2018` begins with the number of a till.
_FIRST, _SECOND = r"\s?(?P<separator>[-/.])\s?", r"\s?(?P=separator)\s?"
# A date does not begin inside a number, but a time may have run into it: 14:2006/03/2026.
_BEGIN = r"(?:(?<![\d,/])(?<!\d\.)|(?<=[0-2]\d:[0-5]\d))"
_NUMERIC = re.compile(
    rf"{_BEGIN}(?P<first>\d{{1,2}}){_FIRST}(?P<second>\d{{1,2}}){_SECOND}"
    r"(?P<year>\d{2,6}+)(?P<time>:\d\d)?+(?!\s?(?P=separator)\s?\d)"
)
_YEAR_FIRST = re.compile(
    rf"(?<!\d)(?P<year>(?:19|20)\d\d){_FIRST}(?P<month>\d\d?){_SECOND}"
    r"(?P<day>\d\d(?=[0-2]\d:)|\d\d?(?!\d))"
)
# A time may have run into the year: 18-Feb-202608:21.
_YEAR = r"(?:20\d\d(?=[0-2]?\d:[0-5]\d)|\d{4}(?!\d))"
_NAME_FIRST = re.compile(
    r"(?<!\w)(?P<month>[^\W\d_]{3,12})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,\s?|\s)"
    rf"(?P<year>{_YEAR}|(?<=, )\d\d(?![\d:]))"
)
# 2026年2月3日 with the Japanese era Reiwa or not, and the same in Korean.
_EAST_ASIAN = re.compile(
    r"(?P<era>令和|[Rr])?(?P<year>\d{1,4})\s?[年년]\s?(?P<month>\d\d?)\s?[月월]\s?(?P<day>\d\d?)"
)
_REIWA = 2018
# 20260203, 03022026 and 030226 are dates only beside a time or a word for the date.
_COMPACT = re.compile(r"(?<![\d.,/:-])(\d{8}|\d{6})(?:T\d{4,6})?(?![\d.,/:-])")
# 115/02/03 is a date of the year 2026 in Taiwan.
_MINGUO = re.compile(r"(?<![\d/])(?P<year>1[01]\d)([/.])(?P<month>\d\d)\2(?P<day>\d\d)(?![\d/])")
_MINGUO_ZERO = 1911
# Thailand counts from 543 years earlier.
_BUDDHIST_ZERO = 543
_BUDDHIST = range(2543, 2600)
_TIME = re.compile(r"(?<!\d)[0-2]?\d\s?[:.h]\s?[0-5]\d(?!\d)")
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
    found += _by_name(text, today)
    found += _east_asian(text, today)
    if calls_it_a_date(text) or has_time(text):
        found += _compact(text, today, year_first=year_first)
    return [printed for printed in found if printed is not None]


def _by_name(text: str, today: date) -> Iterator[FoundDate | None]:
    """Yield the dates with the name of a month."""
    for pattern in (_named(), _NAME_FIRST):
        for match in pattern.finditer(text):
            month = _months().get(folded(match["month"]))
            if month:
                yield _date(match["year"], str(month), match["day"], today)


def has_time(text: str) -> bool:
    """Return whether a row has a time of the day."""
    return bool(_TIME.search(text))


def _east_asian(text: str, today: date) -> Iterator[FoundDate | None]:
    for match in _EAST_ASIAN.finditer(text):
        year = int(match["year"]) + _REIWA if match["era"] else match["year"]
        yield _date(str(year), match["month"], match["day"], today)


def _compact(text: str, today: date, *, year_first: bool) -> Iterator[FoundDate | None]:
    """Yield dates without separators, and those of Taiwan, the likelier reading of each."""
    for match in _COMPACT.finditer(text):
        digits = match[1]
        short = digits[:2], digits[2:4], digits[4:]
        last = _date(short[2], short[1], short[0], today) if len(short[2]) in (2, 4) else None
        first = _date(digits[:-4], digits[-4:-2], digits[-2:], today)
        yield first or last if year_first or len(digits) == 8 else _later(last, first)
    for match in _MINGUO.finditer(text):
        yield _date(str(int(match["year"]) + _MINGUO_ZERO), match["month"], match["day"], today)


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
    full_year -= _BUDDHIST_ZERO if full_year in _BUDDHIST else 0
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
        rf"[\s.,\-/']*{between}(?P<year>{_YEAR}|\d{{2}}(?!\d))",
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
