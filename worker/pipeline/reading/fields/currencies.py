"""Which currency a receipt is in, from symbols, codes, and words that one country uses.

The clues are those of `knowledge/currencies.toml`; here they are counted.
"""

import re
from collections import Counter
from functools import cache

from worker.pipeline.knowledge.currencies import Clue, SharedSign, load_currencies
from worker.pipeline.knowledge.patterns import whole

# Each clue counts as often as it stands there, up to this.
_OFTEN = 3
# A code is written as such, beside an amount or in the small print of the card's terminal.
_CODE = 3
_CHAIN = 2


def find_currency(text: str, *, of_chain: str | None = None) -> tuple[str | None, float]:
    """The ISO 4217 code with the most points, and how sure that is (0 to 1).

    `of_chain`: what the chain that the receipt is from takes everywhere.
    """
    points: Counter[str] = Counter()
    for code, clue, worth in _clues():
        points[code] += worth * min(_count(clue, text), _OFTEN)
    for code, times in Counter(_codes().findall(text)).items():
        points[code] += _CODE * min(times, _OFTEN)
    if of_chain:
        points[of_chain] += _CHAIN
    for sign in load_currencies().shared:
        _add_shared(points, sign, text)
    (best, most), *rest = points.most_common()
    if most == 0:
        return None, 0.0
    agreed = most / (most + sum(count for _, count in rest))
    return best, agreed * (1 - 0.5**most)


def _add_shared(points: Counter[str], sign: SharedSign, text: str) -> None:
    """Give the points of a sign that several currencies have to the likeliest of them."""
    times = min(_count(_compiled(sign.pattern), text), _OFTEN)
    may_be_otherwise = sign.otherwise and not _exact_words(sign.not_otherwise).search(text)
    otherwise = [sign.otherwise] if sign.otherwise and may_be_otherwise else []
    likeliest = max((*otherwise, *sign.currencies), key=lambda code: points[code])
    # Where nothing else tells them apart, it is a guess.
    guessed = not otherwise and not points[likeliest]
    points[likeliest] += min(times, 1) if guessed else times


@cache
def _clues() -> tuple[tuple[str, re.Pattern[str], int], ...]:
    return tuple(
        (code, _pattern(clue), clue.points)
        for code, currency in load_currencies().currencies.items()
        for clue in currency.clues
    )


def _pattern(clue: Clue) -> re.Pattern[str]:
    """The words, the exact ones and the regular expression of a clue as one."""
    words = rf"(?i:{whole(clue.words)})"
    own = [clue.pattern] if clue.pattern else []
    return _compiled("|".join([_exact_words(clue.exact).pattern, words, *own]))


def _exact_words(words: tuple[str, ...]) -> re.Pattern[str]:
    """As they are printed; with no letter before or behind, where they begin or end with one."""
    return re.compile("|".join(map(_bounded, words)) or "(?!)")


def _bounded(word: str) -> str:
    before = "(?<![A-Za-z])" if word[0].isalpha() else ""
    behind = "(?![A-Za-z])" if word[-1].isalpha() else ""
    return before + re.escape(word) + behind


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | re.VERBOSE)


@cache
def _codes() -> re.Pattern[str]:
    codes = "|".join(load_currencies().currencies)
    return re.compile(rf"(?<![A-Za-z])(?:{codes})(?![A-Za-z])")


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))
