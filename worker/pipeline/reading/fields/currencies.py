"""Finds the currency of a receipt by its symbols, its codes, and words that one country uses.

The clues are in `knowledge/currencies.toml`; this module counts them.
"""

import re
from collections import Counter
from functools import cache

from worker.pipeline.knowledge.currencies import Clue, SharedSign, load_currencies
from worker.pipeline.knowledge.patterns import whole

# Each clue counts as often as it is printed, up to this.
_OFTEN = 3
# Points of a printed code, and of the currency of the receipt's chain.
_CODE = 3
_CHAIN = 2


def find_currency(text: str, *, chain_currency: str | None = None) -> tuple[str | None, float]:
    """Return the ISO 4217 code with the most points, or None, and a confidence from 0 to 1.

    `chain_currency` is what the receipt's chain takes everywhere, if that is known.
    """
    points: Counter[str] = Counter()
    for code, clue, worth in _clues():
        points[code] += worth * min(_count(clue, text), _OFTEN)
    for code, times in Counter(_codes().findall(text)).items():
        points[code] += _CODE * min(times, _OFTEN)
    if chain_currency:
        points[chain_currency] += _CHAIN
    for sign in load_currencies().shared:
        _add_shared(points, sign, text)
    (best, most), *rest = points.most_common()
    if most == 0:
        return None, 0.0
    agreed = most / (most + sum(count for _, count in rest))
    return best, agreed * (1 - 0.5**most)


def _add_shared(points: Counter[str], sign: SharedSign, text: str) -> None:
    """Add the points of a sign that currencies share to the likeliest of them."""
    times = min(_count(_compiled(sign.pattern), text), _OFTEN)
    may_be_otherwise = sign.otherwise and not _exact_words(sign.not_otherwise).search(text)
    otherwise = [sign.otherwise] if sign.otherwise and may_be_otherwise else []
    likeliest = max((*otherwise, *sign.currencies), key=lambda code: points[code])
    # If nothing else distinguishes the currencies, it is a guess, which counts once.
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
    """Combine the phrases, the exact words and the regular expression of a clue."""
    words = rf"(?i:{whole(clue.words)})"
    own = [clue.pattern] if clue.pattern else []
    return _compiled("|".join([_exact_words(clue.exact).pattern, words, *own]))


def _exact_words(words: tuple[str, ...]) -> re.Pattern[str]:
    """Match any of the words exactly; an end that is a letter must not touch another letter."""
    return re.compile("|".join(map(_bounded, words)) or "(?!)")


def _bounded(word: str) -> str:
    before = "(?<![A-Za-z])" if word[0].isalpha() else ""
    behind = "(?![A-Za-z])" if word[-1].isalpha() else ""
    return before + re.escape(word) + behind


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


@cache
def _codes() -> re.Pattern[str]:
    codes = "|".join(load_currencies().currencies)
    return re.compile(rf"(?<![A-Za-z])(?:{codes})(?![A-Za-z])")


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))
