"""Finds the merchant's name in the rows above the first heading or amount."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from worker.pipeline.reading.fields.chains import chain_of, names_a_chain
from worker.pipeline.reading.fields.merchant_words import (
    address,
    former_below,
    legal_form,
    not_a_name,
    owner_below,
    seller,
    shop,
    slogan,
    spaced,
    title,
    without_numbers,
)
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow, letters

# The most rows of a header, and of a logo.
_LOOK_AT = 14
_LOGO = 3
# Letters with blanks between them: P E N N Y.
_SPACED = re.compile(r"(?<!\S)(?:[^\W\d_] ){2,}[^\W\d_](?!\S)")
_SHORT_FORM = re.compile(r"(?:\w\.){2,}$")


@dataclass(frozen=True)
class FoundMerchant:
    """The name, and the confidence that it is the merchant's, from 0 to 1."""

    name: str
    confidence: float


def find_merchant(rows: Sequence[ReadRow]) -> FoundMerchant | None:
    """Find the row of the header that looks most like the name of a shop."""
    header = _header(rows)
    if not header:
        return None
    # The letters of a PDF's text layer may have a height of 0.
    height = median(row.line.height for row in header) or 1.0
    scored = [(_score(index, header, height), -index) for index in range(len(header))]
    score, index = max(scored)
    if score <= 0:
        return None
    row = header[-index]
    certain = _is_certain(-index, header) and sum(other > score - 2 for other, _ in scored) == 1
    confidence = min(0.4 + score / 12, 0.95 if certain else 0.85) * row.line.confidence
    name = _chain_at(-index, header) or _written(_full_name(-index, header))
    return FoundMerchant(name, confidence)


def _header(rows: Sequence[ReadRow]) -> list[ReadRow]:
    header: list[ReadRow] = []
    for row in rows[:_LOOK_AT]:
        if row.kind is RowKind.HEADING or (header and row.amount and row.amount.value > 0):
            break
        header.append(row)
    return header


def _score(index: int, header: Sequence[ReadRow], height: float) -> float:
    text = header[index].text
    if _is_registration(text):
        return 0.0
    if legal_form().fullmatch(text.strip(" .")):
        return 0.0
    above = header[index - 1].text if index else ""
    score = 4.0 - index * 0.3
    score += _legal_form_score(_full_name(index, header))
    score += _chain_score(index, header)
    score += 3.0 if _is_before_address(index, header) else 0.0
    score += min(header[index].line.height / height, 3.0) - 1.0
    score += 1.5 if _is_shop(text) else 0.0
    score -= 4.0 if _is_address(text) else 0.0
    score -= 4.0 if _is_slogan(text) else 0.0
    score -= 6.0 if former_below().search(above) else 0.0
    if owner_below().search(above):
        return score + 4.0
    return score - 4.0 if any(title().search(row.text) for row in header[:index]) else score


def _chain_at(index: int, header: Sequence[ReadRow]) -> str | None:
    """Return the chain that a row names, alone or with the rows of a logo below it."""
    words = [row.text for row in header[index : index + _LOGO]]
    joined = (" ".join(words[:count]) for count in range(1, len(words) + 1))
    return next((chain for text in joined if (chain := chain_of(text))), None)


def _chain_score(index: int, header: Sequence[ReadRow]) -> float:
    """Return what a chain adds to a row's score: most if the row is its name and nothing else."""
    if _chain_at(index, header):
        return 6.5
    return 5.5 if names_a_chain(header[index].text) else 0.0


def _is_certain(index: int, header: Sequence[ReadRow]) -> bool:
    """Return whether more than its place shows that a row is the merchant's name."""
    text = header[index].text
    return bool(_chain_at(index, header) or legal_form().search(text) or _is_shop(text))


def _legal_form_score(name: str) -> float:
    """Return what a legal form in a name adds to its score."""
    if not legal_form().search(name):
        return 0.0
    return 5.5 if seller().search(name) else 3.0


def _is_before_address(index: int, header: Sequence[ReadRow]) -> bool:
    """Return whether an address follows, with at most a register number or a slogan between."""
    following = [row.text for row in header[index + 1 : index + 3]]
    if following and not (_is_registration(following[0]) or _is_slogan(following[0])):
        following = following[:1]
    return any(_is_address(text) and not title().search(text) for text in following)


def _is_shop(text: str) -> bool:
    """Return whether a row has a kind of shop and no number, which would make it a street."""
    return bool(shop().search(text)) and not re.search(r"\d", text)


def _is_address(text: str) -> bool:
    return bool(address().search(text)) and not (legal_form().search(text) or _is_shop(text))


def _is_slogan(text: str) -> bool:
    return bool(slogan().search(text)) and not legal_form().search(text)


def _is_registration(text: str) -> bool:
    name = without_numbers(text)
    return letters(name) < 3 or bool(not_a_name().search(name))


def _full_name(index: int, header: Sequence[ReadRow]) -> str:
    """Return a row's text, with the legal form if that has a row of its own below."""
    name = header[index].text
    if index + 1 < len(header) and legal_form().fullmatch(header[index + 1].text.strip(" .")):
        name = f"{name} {header[index + 1].text}"
    return name


def _written(name: str) -> str:
    """Remove what surrounds a printed name, and restore a space that narrow print has lost."""
    name = _SPACED.sub(lambda letters: letters[0].replace(" ", ""), name)
    name = spaced(re.sub(r"\)(?=\w)", ") ", without_numbers(name)))
    stripped = name.strip(" .,:;-'\"*=_#~")
    return (
        f"{stripped}."
        if _SHORT_FORM.search(f"{stripped}.") and f"{stripped}." in name
        else stripped
    )
