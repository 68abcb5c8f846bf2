"""Removes what tills print around names: article numbers, flags and tax codes.

They are recognised as a column, which is beside most names; beside one name alone such a code may
belong to the name.
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from statistics import fmean

from worker.pipeline.reading.rows.layout import letters

# The fewest names that make a column.
_FEW = 3
# The fewest letters of what is left as a name.
_LETTERS = 3
# The least share of the names that a column is beside: before them, and behind them.
_BEFORE, _BEHIND = 0.5, 0.6
# A number, some of whose digits may have been read as letters.
_NUMBER = re.compile(r"[\dSOBI]*\d[\dSOBI]+")
# Beside one or two names a shorter number may be a count: 12 Eggs.
_LONG_NUMBER = re.compile(r"\d{4,}")
_STARTS_WITH_NUMBER = re.compile(
    r"^\W*(?:(?:[A-Z]|\d)\s+|\(\d\))?[\dSOBI]*\d[\dSOBI]*\d[\dSOBI]*\s", re.MULTILINE
)
_FLAG = re.compile(r"[A-Z]|\d|\([A-Z\d]\)")
# At most two letters, perhaps with a star; three or four consonants; or a digit.
_TAX_CODE = re.compile(r"\*?[A-Za-z]{1,2}\*?|[B-DF-HJ-NP-TV-XZ]{3,4}|\d")
_UNIT = re.compile(r"kg|g|gr?|mg|l|lt|ml|cl|lb|oz|ct|pk|st|x", re.IGNORECASE)
# A single letter is a code even if only one name has it.
_SINGLE_LETTER = re.compile(r"\*?[A-Za-z]\*?")


def without_codes(names: Sequence[str], printed: Sequence[str]) -> list[str]:
    """Cut off the flags, the article numbers and the tax codes that most of the names have.

    `printed` has the text of the rows that each name is from, since the names themselves have lost
    their long numbers already.
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
    """Remove the code before the names, if enough of them have one to make it a column."""
    if fmean(stands_there) < _BEFORE:
        return names
    return [_without_first(name, code) for name in names]


def _is_flagged(name: str) -> bool:
    return any(_FLAG.fullmatch(word) for word in name.split()[:1])


def _without_first(name: str, code: re.Pattern[str]) -> str:
    word, _, rest = name.partition(" ")
    return rest.strip() if code.fullmatch(word) and letters(rest) >= _LETTERS else name


def _without_tax_codes(names: Sequence[str]) -> list[str]:
    """Remove the codes behind the names, if most names have one that is not theirs alone."""
    last = Counter(name.split()[-1] for name in names if len(name.split()) > 1)
    codes = {word for word, times in last.items() if times > 1 and _is_tax_code(word)}
    if sum(last[code] for code in codes) < _BEHIND * len(names):
        return list(names)
    shortened = [_without_tax_code(name, codes) for name in names]
    # A code that distinguishes things is not a tax code: Vitamin B and Vitamin C.
    return shortened if len(set(shortened)) == len(set(names)) else list(names)


def _without_tax_code(name: str, codes: Set[str]) -> str:
    rest, _, word = name.rpartition(" ")
    is_code = word in codes or _SINGLE_LETTER.fullmatch(word)
    return rest.strip() if is_code and letters(rest) >= _LETTERS else name


def _is_tax_code(word: str) -> bool:
    return bool(_TAX_CODE.fullmatch(word)) and not _UNIT.fullmatch(word)
