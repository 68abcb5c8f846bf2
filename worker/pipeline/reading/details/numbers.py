"""Finds the numbers of the receipt, the till and the shop."""

import re
from collections.abc import Sequence
from functools import cache

from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.reading.details.labelled import Finder, Labelled, finder, may_be_card
from worker.pipeline.reading.details.sheet import Sheet

# `2233`, `A-20931`, `FS 26A014/00871`: letters, then digits with letters and marks between them.
_NUMBER = r"(?:[A-Z]{1,4}[-/ ]?)?\d[\dA-Z]*(?:[-/.][\dA-Z]+)*(?![\dA-Z,:]|\s?[%x×])"
_SHORT_NUMBER = r"\d{1,6}(?![\d.,:/%]|-\d|\s?(?:st|th|nd|rd|%|x|×)\b)"
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}\.\d{2}")
_MARKED, _BARE = 0.93, 0.8
_ELSE = 0.8


def receipt_number(sheet: Sheet) -> PrintedText | None:
    """Return the number of the receipt, which no slip of a card terminal is."""
    sure = [*_receipt().find(sheet.footer), *_receipt().find(sheet.header)]
    others = list(_receipt_else().find(sheet.around))
    return _best(sheet, sure, 1.0) or _best(sheet, others, _ELSE)


def till_number(sheet: Sheet) -> PrintedText | None:
    """Return the number of the till."""
    return _best(sheet, list(_till().find(sheet.around)), 1.0)


def store_number(sheet: Sheet) -> PrintedText | None:
    """Return the number of the shop in its chain."""
    return _best(sheet, list(_store().find(sheet.around)), 1.0)


def _best(sheet: Sheet, found: Sequence[Labelled], trust: float) -> PrintedText | None:
    """Return the first value, the first one behind a mark if there is any."""
    believed = [
        value for value in found if not (_DATE.fullmatch(value.value) or may_be_card(value.value))
    ]
    for value in sorted(believed, key=lambda value: not value.is_marked):
        alike = len({other.value for other in believed if other.is_marked >= value.is_marked}) == 1
        sure = _MARKED if value.is_marked else _BARE
        return sheet.text(value.value, [value.span], trust * sure * (1.0 if alike else 0.9))
    return None


@cache
def _receipt() -> Finder:
    return finder(load_details().numbers.receipt, _NUMBER)


@cache
def _receipt_else() -> Finder:
    return finder(load_details().numbers.receipt_else, _NUMBER)


@cache
def _till() -> Finder:
    return finder(load_details().numbers.till, _SHORT_NUMBER)


@cache
def _store() -> Finder:
    return finder(load_details().numbers.store, _SHORT_NUMBER)
