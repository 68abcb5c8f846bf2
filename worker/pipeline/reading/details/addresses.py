"""Finds the address of the shop in the rows above the goods."""

import re
from collections.abc import Iterator, Sequence

from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.reading.details.contacts import without_labels
from worker.pipeline.reading.details.sheet import Sheet, Span
from worker.pipeline.reading.fields.merchant_words import address, legal_form, shop
from worker.pipeline.reading.rows.layout import ReadRow, letters

# Post codes before or behind a town; those of several countries have letters.
_POST_CODE = re.compile(
    r"(?<![\d.,/-])(?:\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3}|\d{3} \d{2}|\d{4,6})(?:-\d{4})?"
    r"(?![\d.,/:])|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b|"
    r"\b[A-Z]\d{2}\s[A-Z\d]{4}\b"
)
# A name and the number of a house, in either order.
_STREET = re.compile(
    r"[^\W\d_]{3}\D*[\s.,:]\d{1,5}(?:\s?[A-Ha-h])?(?:[-/]\d{0,4}[A-Za-z]?)?(?=\s*(?:[\s,.-]|$))"
    r"|^\d{1,5}[,\s]+(?:[NSEW]\.?\s)?[^\W\d_]",
    re.IGNORECASE,
)
_NO_ADDRESS = re.compile(
    r"\d[:.]\d\d[:.]\d\d|\d\s?:\s?\d\d(?!\d)|\d{1,4}[-./]\d{1,2}[-./]\d{2,4}|[#@]|www|\d{7}"
)
# A prefecture, city or ward, and the number of a block.
_JAPANESE = re.compile(r"[県府都道市区町村].*\d")
_MOST, _HEADER = 3, 12
_BOTH, _ONE = 0.9, 0.75


def shop_address(sheet: Sheet, merchant: str | None) -> PrintedText | None:
    """Return the first rows of an address one below the other, joined by commas."""
    header = sheet.header[:_HEADER]
    for begin in range(len(header)):
        parts = list(_together(header[begin:], merchant))
        if not parts:
            continue
        texts = [span.row.printed[span.start : span.end].strip(" *-,;|") for span in parts]
        both = all(any(form.search(text) for text in texts) for form in (_POST_CODE, _STREET))
        return sheet.text(", ".join(texts), parts, _BOTH if both else _ONE)
    return None


def _together(rows: Sequence[ReadRow], merchant: str | None) -> Iterator[Span]:
    for row in rows[:_MOST]:
        span = without_labels(row)
        if not _is_address(span, merchant):
            return
        yield span


def _is_address(span: Span, merchant: str | None) -> bool:
    """Return whether a part of a row is of an address, and no name or number of something."""
    text = span.row.printed[span.start : span.end].strip(" *-")
    if span.row.kind or span.row.amount or letters(text) < 4:
        return False
    if merchant and text.lower() in merchant.lower():
        return False
    if legal_form().search(text) or (shop().search(text) and not re.search(r"\d", text)):
        return False
    if _JAPANESE.search(text):
        return True
    if _NO_ADDRESS.search(text):
        return False
    return bool(_STREET.search(text) or _POST_CODE.search(text) or address().search(text))
