"""Finds the time of the purchase."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.reading.details.sheet import Sheet, Span
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

_TIME = re.compile(
    # A date may have run into the time: 2026-03-1417:42.
    r"(?:(?<![\d.,:])|(?<=[./-]20\d\d)|(?<=20\d\d[.-]\d\d[.-]\d\d)|(?<=20\d\d\.\d\d\.\d\d\.))"
    r"(?P<hour>[01]?\d|2[0-3])(?P<mark>[:.h-]|\s?:\s?)(?P<minute>[0-5]\d)"
    r"(?:[:.-](?P<second>[0-5]\d))?(?P<half>\s?[ap]\.?\s?m\b\.?)?(?![\d,%]|[.:/-]\d)",
    re.IGNORECASE,
)
# Two times with a dash or a word between them are when the shop is open.
_BETWEEN = re.compile(r"\d[:.h]\d\d\s?(?:[-–—]|[^\W\d_]{1,4}\.?)\s?\d?\d[:.h]\d\d", re.IGNORECASE)
# How near a row is to that of the date: in it, or beside it.
_IN_ROW, _BESIDE = 4, 2
_SURE, _FAIR, _DOUBTFUL = 0.98, 0.92, 0.75


@dataclass(frozen=True)
class _Time:
    """A time that may be that of the purchase, and how much speaks for it."""

    value: str
    span: Span
    evidence: int


def purchase_time(sheet: Sheet, of_date: Sequence[Span]) -> PrintedText | None:
    """Return the time that is nearest to the date, or has a word for a time before it."""
    dates = {id(span.row.line): span for span in of_date}
    at_dates = [at for at, row in enumerate(sheet.rows) if id(row.line) in dates]
    goods = range(sheet.first, sheet.behind)
    times = (
        (time, _IN_ROW if index in goods else 1)
        for index, row in enumerate(sheet.rows)
        for time in _times(row, dates.get(id(row.line)), _nearness(index, at_dates))
    )
    found = [time for time, least in times if time.evidence >= least]
    best = max(found, key=lambda time: time.evidence, default=None)
    return sheet.text(best.value, [best.span], _trust(best, found)) if best else None


def _trust(best: _Time, found: Sequence[_Time]) -> float:
    rivals = {time.value[:5] for time in found if time.evidence >= best.evidence}
    doubt = 1.0 if len(rivals) == 1 else 0.9
    if best.evidence >= _IN_ROW:
        return _SURE * doubt
    return doubt * (_FAIR if best.evidence > 1 else _DOUBTFUL)


def _nearness(index: int, at_dates: Sequence[int]) -> int:
    apart = min((abs(index - at) for at in at_dates), default=9)
    return _IN_ROW if apart == 0 else _BESIDE if apart <= 1 else 0


def _times(row: ReadRow, date: Span | None, nearness: int) -> Iterator[_Time]:
    """Yield the times of a row. Other marks than a colon need a date or a word beside them."""
    if _BETWEEN.search(row.printed):
        return
    is_labelled = bool(_word().search(folded(row.printed)))
    is_opening = bool(_opening().search(folded(row.printed))) and date is None
    for match in _TIME.finditer(row.printed):
        has_colon = ":" in match["mark"]
        # Unlike a colon, other marks are in dates as well.
        if date and not has_colon and date.start < match.end() and match.start() < date.end:
            continue
        if not (has_colon or is_labelled or (date and match["mark"] != "-") or match["second"]):
            continue
        evidence = nearness + 3 * is_labelled + bool(match["second"]) + has_colon - 4 * is_opening
        yield _Time(_written(match), Span(row, match.start(), match.end()), evidence)


def _written(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    if match["half"] and hour <= 12:
        hour = hour % 12 + (12 if "p" in match["half"].lower() else 0)
    seconds = f":{match['second']}" if match["second"] else ""
    return f"{hour:02d}:{match['minute']}{seconds}"


@cache
def _word() -> re.Pattern[str]:
    """Match a word for a time before a number, or hours behind one."""
    before = rf"(?<![^\W\d_]){any_of(load_details().times.words)}(?![^\W\d_])\W*(?=\d)"
    hours = any_of(vocabulary().dates.hours)
    return re.compile(rf"{before}|\d\d\s?{hours}(?![^\W\d_])", re.IGNORECASE)


@cache
def _opening() -> re.Pattern[str]:
    return re.compile(whole(load_details().times.hours_of_opening), re.IGNORECASE)
