"""Writes names in one script that an engine read in two.

Engines read Greek capitals as the Latin letters of the same shape where they can: `ΓAΛA`.
"""

import re
from collections.abc import Sequence

_LATIN = "ABEZHIKMNOPTYX"
_GREEK = "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
_ANY = "\u0391-\u03a9"
# A word in which a Greek letter, which no Latin one looks like, is beside a Latin one.
_MIXED = re.compile(rf"[{_LATIN}][{_ANY}]|[{_ANY}][{_LATIN}]")
# Words that may be Greek as they are.
_WORD = re.compile(rf"(?<!\w)[{_LATIN}{_ANY}]{{2,}}(?!\w)")
# So many names of a receipt with mixed words show that it is Greek.
_FEW = 2


def in_one_script(names: Sequence[str]) -> list[str]:
    """Return names in Greek letters if several of them have words in Greek and Latin letters."""
    if sum(bool(_MIXED.search(name)) for name in names) < _FEW:
        return list(names)
    return [_WORD.sub(_in_greek, name) for name in names]


def _in_greek(word: re.Match[str]) -> str:
    return word[0].translate(str.maketrans(_LATIN, _GREEK))
