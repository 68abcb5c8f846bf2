"""What tills print around names: article numbers, flags, tax codes. A column of them is known by
standing at most of the names; at one name alone it may well belong to it."""

import re
from collections import Counter
from collections.abc import Sequence

from worker.pipeline.reading.rows.layout import letters

# Fewer names make no column.
_FEW = 3
# What is left must have as many letters to be a name.
_LETTERS = 3
# Of all names, how many have what stands in a column: before them, behind them.
_BEFORE, _BEHIND = 0.5, 0.6
# Digits that were read as letters, too.
_NUMBER = re.compile(r"[\dSOBI]*\d[\dSOBI]+")
# Of one or two names the shorter ones may be how many: 12 Eggs.
_LONG_NUMBER = re.compile(r"\d{4,}")
_STARTS_WITH_NUMBER = re.compile(
    r"^\W*(?:(?:[A-Z]|\d)\s+|\(\d\))?[\dSOBI]*\d[\dSOBI]*\d[\dSOBI]*\s", re.MULTILINE
)
_FLAG = re.compile(r"[A-Z]|\d|\(\d\)")
# At most two letters, or some that no word is made of; with a star or a digit by themselves.
_TAX_CODE = re.compile(r"\*?[A-Za-z]{1,2}\*?|[B-DF-HJ-NP-TV-XZ]{3,4}|\d")
_UNIT = re.compile(r"kg|g|gr?|mg|l|lt|ml|cl|lb|oz|ct|pk|st|x", re.IGNORECASE)
# Of a code that only one name has nobody knows that it is one, unless it is a single letter.
_SINGLE_LETTER = re.compile(r"\*?[A-Za-z]\*?")


def without_codes(names: Sequence[str], printed: Sequence[str]) -> list[str]:
    """The names without the flags, the article numbers and the tax codes that most of them have.

    `printed`: the rows that each name is from; long numbers are gone from the names already.
    """
    if len(set(names)) < _FEW:
        is_listed = all(_LONG_NUMBER.match(name) for name in names)
        return [_without_first(name, _LONG_NUMBER) for name in names] if is_listed else list(names)
    flags = sum(bool(_FLAG.fullmatch(name.split(maxsplit=1)[0])) for name in names if name.strip())
    if flags >= _BEFORE * len(names):
        names = [_without_first(name, _FLAG) for name in names]
    if sum(bool(_STARTS_WITH_NUMBER.search(rows)) for rows in printed) >= _BEFORE * len(names):
        names = [_without_first(name, _NUMBER) for name in names]
    return _without_last(names)


def _without_first(name: str, code: re.Pattern[str]) -> str:
    word, _, rest = name.partition(" ")
    return rest.strip() if code.fullmatch(word) and letters(rest) >= _LETTERS else name


def _without_last(names: Sequence[str]) -> list[str]:
    last = Counter(name.split()[-1] for name in names if len(name.split()) > 1)
    codes = {word for word, times in last.items() if times > 1 and _is_tax_code(word)}
    if sum(last[code] for code in codes) < _BEHIND * len(names):
        return list(names)
    shortened = []
    for name in names:
        rest, _, word = name.rpartition(" ")
        is_code = word in codes or _SINGLE_LETTER.fullmatch(word)
        shortened.append(rest.strip() if is_code and letters(rest) >= _LETTERS else name)
    # Where things are told apart by it, it is no tax code: Vitamin B and Vitamin C.
    return shortened if len(set(shortened)) == len(set(names)) else list(names)


def _is_tax_code(word: str) -> bool:
    return bool(_TAX_CODE.fullmatch(word)) and not _UNIT.fullmatch(word)
