"""The merchant's name: from the rows above the first date, heading or amount."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from worker.pipeline.reading.layout import ReadRow, letters
from worker.pipeline.reading.lexicon import LEGAL_FORM, RowKind

_LOOK_AT = 14
_ADDRESS = re.compile(
    r"\b(?:str(?:\.|a(?:ß|ss)e)|street|road|rd|avenue|ave|lane|weg|platz|allee|rue|via|calle|plaza|"
    r"jalan|jln|lot|taman|tmn|no\.?\s?\d|floor|flr|bandar|p\.?o\.? box|straat|laan)\b|"
    r"\b\d{5}\b\s+\w|\d+[,\s]*$",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    r"tel|fax|gst|vat|ust|tax|invoice|receipt|cashier|www|http|@|\breg\b|\bco\.? ?no|company no|"
    r"thank|welcome|willkommen|öffnungs|goods sold|feedback|voucher|hours|uhr\b|branch",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(r"\s*[('\"]?\(?\s*[A-Z]?\d{4,}[-–]?[A-Z\dX]?\s*\)?\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class FoundMerchant:
    """The name as printed, and how sure it is the merchant's (0 to 1)."""

    name: str
    confidence: float


def find_merchant(rows: Sequence[ReadRow]) -> FoundMerchant | None:
    """The row of the header that most looks like the name of a shop."""
    header = _header(rows)
    if not header:
        return None
    height = median(row.line.height for row in header)
    scored = [(_score(index, header, height), -index) for index in range(len(header))]
    score, index = max(scored)
    if score <= 0:
        return None
    name = _REGISTRATION.sub("", _full_name(-index, header)).strip(" .,:;-'\"")
    confidence = min(0.4 + score / 12, 0.95) * header[-index].line.confidence
    return FoundMerchant(name, confidence)


def _header(rows: Sequence[ReadRow]) -> list[ReadRow]:
    header: list[ReadRow] = []
    for row in rows[:_LOOK_AT]:
        if row.kind is RowKind.HEADING or (header and row.amount and row.amount.value > 0):
            break
        header.append(row)
    return header


def _score(index: int, header: Sequence[ReadRow], height: float) -> float:
    row = header[index]
    if letters(row.text) < 3 or _NOT_A_NAME.search(row.text):
        return 0.0
    if LEGAL_FORM.fullmatch(row.text.strip(" .")):
        return 0.0
    score = 4.0 - index * 0.3
    score += 4.0 if LEGAL_FORM.search(_full_name(index, header)) else 0.0
    score += 3.0 if _before_address(index, header) else 0.0
    score += min(row.line.height / height, 3.0) - 1.0
    score -= 4.0 if _ADDRESS.search(row.text) else 0.0
    return score


def _before_address(index: int, header: Sequence[ReadRow]) -> bool:
    return index + 1 < len(header) and bool(_ADDRESS.search(header[index + 1].text))


def _full_name(index: int, header: Sequence[ReadRow]) -> str:
    """With the legal form, where that has a row of its own."""
    name = header[index].text
    if index + 1 < len(header) and LEGAL_FORM.fullmatch(header[index + 1].text.strip(" .")):
        name = f"{name} {header[index + 1].text}"
    return name
