"""Finds the currency of a receipt by its symbols, its codes, and words that one country uses.

The clues are in `knowledge/currencies.toml`; this module counts them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from shared.contracts.fields.hints import CurrencySource
from worker.pipeline.knowledge.countries import Conventions
from worker.pipeline.knowledge.currencies import Clue, SharedSign, load_currencies
from worker.pipeline.knowledge.patterns import whole

# Each clue counts as often as it is printed, up to this.
_OFTEN = 3
# Points of a printed code, of the currency of the receipt's chain, and of a hint.
_CODE = 3
_CHAIN = 2
_HINT = 2
# A clue of so many points counts only once beside a hint: telephone numbers of the United States
# and of Canada look the same, however many there are.
_WEAK = 1


@dataclass(frozen=True)
class FoundCurrency:
    """An ISO 4217 code, a confidence from 0 to 1, and where the currency comes from.

    Code and source are None, and the confidence is 0, if nothing suggests a currency.
    """

    code: str | None
    confidence: float
    source: CurrencySource | None


@dataclass(frozen=True)
class _Seen:
    """A clue that is printed so many `times`, at most `_OFTEN`. A `sign` may also be a code."""

    currency: str
    points: int
    times: int
    sign: bool


Signs = Sequence[tuple[SharedSign, int]]


def find_currency(
    text: str, *, chain_currency: str | None = None, conventions: Conventions | None = None
) -> FoundCurrency:
    """Find the currency with the most points.

    `chain_currency` is what the receipt's chain takes everywhere, if that is known. `conventions`
    are those that the caller hints at; they count only if no currency is printed by a sign or a
    code of its own.
    """
    hint = conventions.currency if conventions else None
    seen = [*_seen_clues(text), *_seen_codes(text, hint)]
    signs = list(_seen_signs(text))
    points, named = _tally(seen, signs, text, chain=chain_currency)
    printed = {clue.currency for clue in seen if clue.sign}
    used = hint if conventions and not printed and _is_useful(conventions, signs) else None
    if used:
        points, _ = _tally(seen, signs, text, chain=chain_currency, hint=used)
    best = max(points, key=lambda code: (points[code], code != used))
    if points[best] == 0:
        return FoundCurrency(None, 0.0, None)
    agreed = points[best] / points.total()
    return FoundCurrency(
        best,
        agreed * (1 - 0.5 ** points[best]),
        "printed" if best in printed | named else "inferred",
    )


def _is_useful(conventions: Conventions, signs: Signs) -> bool:
    """Return whether a hint can say more than the print: a sign decides which currencies may be."""
    if signs:
        return any(sign.may_be(conventions.currency) for sign, _ in signs)
    return conventions.is_certain


def _tally(
    seen: Sequence[_Seen],
    signs: Signs,
    text: str,
    *,
    chain: str | None,
    hint: str | None = None,
) -> tuple[Counter[str], set[str]]:
    """Return the points by currency, and the currencies for which a shared sign surely stands."""
    # The order of the file decides on ties.
    points = Counter(dict.fromkeys(load_currencies().currencies, 0))
    for clue in seen:
        weak = hint is not None and clue.points == _WEAK
        points[clue.currency] += clue.points * (1 if weak else clue.times)
    if chain:
        points[chain] += _CHAIN
    if hint:
        points[hint] += _HINT
    named = set()
    for sign, times in signs:
        code, is_sure = _likeliest(points, sign, text, hint)
        points[code] += times if is_sure else 1
        if is_sure:
            named.add(code)
    return points, named


def _likeliest(
    points: Mapping[str, int], sign: SharedSign, text: str, hint: str | None
) -> tuple[str, bool]:
    """Return the currency that a shared sign stands for, and False if that is only a guess."""
    may_be_otherwise = sign.otherwise and not _exact_words(sign.not_otherwise).search(text)
    otherwise = [sign.otherwise] if sign.otherwise and may_be_otherwise else []
    hinted = [hint] if hint and sign.may_be(hint) else []
    likeliest = max((*otherwise, *sign.currencies, *hinted), key=lambda code: points.get(code, 0))
    return likeliest, bool(otherwise or points.get(likeliest))


def _seen_clues(text: str) -> Iterator[_Seen]:
    for code, pattern, clue in _clues():
        if times := _count(pattern, text):
            yield _Seen(code, clue.points, min(times, _OFTEN), clue.sign)


def _seen_codes(text: str, hint: str | None) -> Iterator[_Seen]:
    """Yield the printed codes of known currencies, and that of a currency known by the hint."""
    codes = frozenset(load_currencies().currencies) | ({hint} if hint else frozenset())
    for code, times in Counter(_codes(codes).findall(text)).items():
        yield _Seen(code, _CODE, min(times, _OFTEN), sign=True)


def _seen_signs(text: str) -> Iterator[tuple[SharedSign, int]]:
    for sign in load_currencies().shared:
        if times := _count(_compiled(sign.pattern), text):
            yield sign, min(times, _OFTEN)


@cache
def _clues() -> tuple[tuple[str, re.Pattern[str], Clue], ...]:
    return tuple(
        (code, _pattern(clue), clue)
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
def _codes(codes: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(codes))})(?![A-Za-z])")


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))
