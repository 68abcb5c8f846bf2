"""Finds how the merchant can be reached: address, telephone, tax number and web domain."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.knowledge.countries import load_countries
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import whole
from worker.pipeline.reading.details.labelled import Finder, finder, may_be_card
from worker.pipeline.reading.details.sheet import Sheet, Span
from worker.pipeline.reading.rows.layout import ReadRow

_PHONE = r"\+?[\[(]?\d[\d\s()\[\]./-]{4,18}\d(?![\d,:])"
# A number with the code of a country, or as North America writes it.
_PHONE_ALONE = re.compile(
    r"(?<![\w+])(?:\+\d{1,3}[\s(]?[\d\s()./-]{6,14}\d|\(?\d{3}\)?[\s.-]\s?\d{3}-\d{4})(?![\w-])"
)
# A row of the header with nothing but groups of digits.
_DIGITS = re.compile(r"\(?\d{2,5}\)?(?:[\s./-]{1,3}\d{2,4}){2,4}")
_TAX_ID = (
    r"(?:[A-Z]{1,5}[\s-]?)?[\dA-Z]*\d[\dA-Z]*(?:\s?[.\-/]\s?[\dA-Z]+|\s\d{2,}(?![,.:/]\d))*"
    r"(?:\s?(?:MVA|MWST|TVA|IVA)\b)?"
)
_DIGITS_OF_PHONE, _DIGITS_OF_TAX_ID = range(6, 15), range(7, 17)
_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})(?!\d)|\d{4}-\d{2}-\d{2}")
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?P<before>(?:https?\s?:\s?/{1,2}\s?)?(?:www\s?[.,]\s?)?)"
    r"(?P<domain>(?:[a-z0-9][a-z0-9-]*\.)+(?P<top>[a-z]{2,8}))(?![\w@-])",
    re.IGNORECASE,
)
_TOPS = frozenset({"com", "net", "org", "eu", "uk", "shop", "store", "info", "biz", "app", "coop"})
_LABELLED, _SHAPED, _FAIR = 0.95, 0.93, 0.85


def phone(sheet: Sheet) -> PrintedText | None:
    """Return the first number of a telephone, above the goods if there is one there."""
    for rows, is_header in ((sheet.header, True), (sheet.footer, False)):
        for number, span in _labelled_phones(rows):
            return sheet.text(number, [span], _LABELLED)
        for span in _shaped_phones(rows, alone=is_header):
            return sheet.text(span.row.printed[span.start : span.end], [span], _FAIR)
    return None


def _labelled_phones(rows: Sequence[ReadRow]) -> Iterator[tuple[str, Span]]:
    for found in _phones().find(rows):
        number = re.split(r"\s/\s|\s{2,}", found.value)[0].strip(" -./")
        if _is_phone(number) and not _is_fax(found.span):
            yield number, found.span


def _shaped_phones(rows: Sequence[ReadRow], *, alone: bool) -> Iterator[Span]:
    """Yield what has the shape of a number; `alone` says that a row of digits is enough."""
    for row in rows:
        match = _PHONE_ALONE.search(row.printed)
        if match is None and alone:
            match = _DIGITS.fullmatch(row.printed)
        if match is None or row.amount is not None or _DATE.search(row.printed):
            continue
        if _is_phone(match[0]):
            yield Span(row, *match.span())


def tax_id(sheet: Sheet) -> PrintedText | None:
    """Return the number behind a word for a tax number, or else one of its shape."""
    for found in _tax_ids().find(sheet.around):
        value = found.value.rstrip(" .-/")
        if _count(value) in _DIGITS_OF_TAX_ID and not _DATE.match(value) and not may_be_card(value):
            return sheet.text(value, [found.span], _LABELLED)
    for row in sheet.around:
        match = _tax_shapes().search(row.printed)
        if match:
            return sheet.text(match[0], [Span(row, *match.span())], _SHAPED)
    return None


def web(sheet: Sheet) -> PrintedText | None:
    """Return the first domain, one that is marked as such before others."""
    found = sorted(_domains(sheet.rows), key=lambda domain: not domain[1])
    for span, is_marked, domain in ((span, marked, name) for name, marked, span in found):
        return sheet.text(domain, [span], _LABELLED if is_marked else _FAIR)
    return None


def without_labels(row: ReadRow) -> Span:
    """Return what is before the first number that has a word for it, or behind one at the start."""
    found = [*_phones().find([row]), *_tax_ids().find([row]), *_numbers().find([row])]
    begin = max((value.span.end for value in found if value.begin == 0), default=0)
    later = (value.begin for value in found if value.begin > begin)
    return Span(row, begin, min(later, default=len(row.printed)))


def _domains(rows: Sequence[ReadRow]) -> Iterator[tuple[str, bool, Span]]:
    for row in rows:
        for match in _DOMAIN.finditer(row.printed):
            name, top = match["domain"].lower(), match["top"].lower()
            is_marked = bool(match["before"])
            is_known = top in _TOPS or top.upper() in _country_codes()
            # Two words with a dot between them are seldom a domain.
            if (
                is_known
                and ".gov." not in name
                and (is_marked or (match["domain"].islower() and len(name) > 6))
            ):
                yield name.removeprefix("www."), is_marked, Span(row, *match.span())


def _is_fax(span: Span) -> bool:
    before = span.row.printed[: span.start]
    return bool(_fax().search(before))


def _is_phone(number: str) -> bool:
    """Return whether a number has the digits of a telephone, which are as many as some cards have.

    No card begins with the sign of a country's code.
    """
    is_card = may_be_card(number) and not number.startswith("+")
    return _count(number) in _DIGITS_OF_PHONE and not is_card


def _count(text: str) -> int:
    return sum(letter.isdecimal() for letter in text)


@cache
def _country_codes() -> frozenset[str]:
    currencies = load_countries().currencies.values()
    return frozenset(country for listed in currencies for country in listed)


@cache
def _phones() -> Finder:
    return finder(load_details().numbers.phone, _PHONE, shortest=2)


@cache
def _numbers() -> Finder:
    """Find the numbers of shops, tills and receipts."""
    words = load_details().numbers
    return finder((*words.store, *words.till, *words.receipt), r"\d+")


@cache
def _tax_ids() -> Finder:
    return finder(load_details().numbers.tax_id, _TAX_ID, shortest=2)


@cache
def _fax() -> re.Pattern[str]:
    return re.compile(whole(load_details().numbers.no_phone) + r"\W*$", re.IGNORECASE)


@cache
def _tax_shapes() -> re.Pattern[str]:
    shapes = load_details().shapes.tax_id
    written = (re.escape(shape) for shape in sorted(shapes, key=len, reverse=True))
    # In a shape, A that is not the beginning of a country's code stands for any letter.
    forms = (_any_sign(shape) for shape in written)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(forms)})(?![\w-])")


def _any_sign(shape: str) -> str:
    return shape.replace("9", r"\d").replace("A", "[A-Z]")
