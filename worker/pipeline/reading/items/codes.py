"""What tills print around names: article numbers, flags, tax codes. A column of them is known by
standing at most of the names; at one name alone it may well belong to it."""

import re
from collections import Counter
from collections.abc import Sequence, Set
from statistics import fmean

from worker.pipeline.reading.rows.layout import letters

# Fewer names make no column.
_FEW = 3
# What is left must have as many letters to be a name.
_LETTERS = 3
# The least share of the names that a column stands at: before them, behind them.
_BEFORE, _BEHIND = 0.5, 0.6
# Digits that were read as letters, too.
_NUMBER = re.compile(r"[\dSOBI]*\d[\dSOBI]+")
# With one or two names shorter numbers may be counts: 12 Eggs.
_LONG_NUMBER = re.compile(r"\d{4,}")
_STARTS_WITH_NUMBER = re.compile(
    r"^\W*(?:(?:[A-Z]|\d)\s+|\(\d\))?[\dSOBI]*\d[\dSOBI]*\d[\dSOBI]*\s", re.MULTILINE
)
_FLAG = re.compile(r"[A-Z]|\d|\(\d\)")
# At most two letters, or some that no word is made of; with a star or a digit by themselves.
_TAX_CODE = re.compile(r"\*?[A-Za-z]{1,2}\*?|[B-DF-HJ-NP-TV-XZ]{3,4}|\d")
_UNIT = re.compile(r"kg|g|gr?|mg|l|lt|ml|cl|lb|oz|ct|pk|st|x", re.IGNORECASE)
# A single letter is a code even where only one name has it.
_SINGLE_LETTER = re.compile(r"\*?[A-Za-z]\*?")


def without_codes(names: Sequence[str], printed: Sequence[str]) -> list[str]:
    """Cut off the flags, the article numbers and the tax codes that most of the names have.

    `printed`: for each name the rows that it is from. Long numbers are gone from the names already.
    """
    if len(set(names)) < _FEW:
        is_listed = all(_LONG_NUMBER.match(name) for name in names)
        return [_without_first(name, _LONG_NUMBER) for name in names] if is_listed else list(names)
    names = _without_column(names, _FLAG, [_is_flagged(name) for name in names])
    numbered = [bool(_STARTS_WITH_NUMBER.search(rows)) for rows in printed]
    return _without_tax_codes(_without_column(names, _NUMBER, numbered))


def _without_column(
    names: Sequence[str], code: re.Pattern[str], stands_there: Sequence[bool]
) -> Sequence[str]:
    """The names without the code before them, if it stands at enough of them to be a column."""
    if fmean(stands_there) < _BEFORE:
        return names
    return [_without_first(name, code) for name in names]


def _is_flagged(name: str) -> bool:
    return any(_FLAG.fullmatch(word) for word in name.split()[:1])


def _without_first(name: str, code: re.Pattern[str]) -> str:
    word, _, rest = name.partition(" ")
    return rest.strip() if code.fullmatch(word) and letters(rest) >= _LETTERS else name


def _without_tax_codes(names: Sequence[str]) -> list[str]:
    """The names without the codes behind them, if most have one that others have as well."""
    last = Counter(name.split()[-1] for name in names if len(name.split()) > 1)
    codes = {word for word, times in last.items() if times > 1 and _is_tax_code(word)}
    if sum(last[code] for code in codes) < _BEHIND * len(names):
        return list(names)
    shortened = [_without_tax_code(name, codes) for name in names]
    # Where things are told apart by it, it is no tax code: Vitamin B and Vitamin C.
    return shortened if len(set(shortened)) == len(set(names)) else list(names)


def _without_tax_code(name: str, codes: Set[str]) -> str:
    rest, _, word = name.rpartition(" ")
    is_code = word in codes or _SINGLE_LETTER.fullmatch(word)
    return rest.strip() if is_code and letters(rest) >= _LETTERS else name


def _is_tax_code(word: str) -> bool:
    return bool(_TAX_CODE.fullmatch(word)) and not _UNIT.fullmatch(word)
