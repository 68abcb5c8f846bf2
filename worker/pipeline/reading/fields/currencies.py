"""Finds the currency of a receipt by its signs and codes, and by clues to the country.

The signs are in `knowledge/currencies.toml`; this module counts them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from shared.contracts.fields.hints import CurrencySource
from worker.pipeline.knowledge.countries import Conventions, currency_by_country
from worker.pipeline.knowledge.currencies import SharedSign, load_currencies
from worker.pipeline.reading.fields.countries import country_points
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

# Each sign counts as often as it is printed, up to this.
_OFTEN = 3
# Points of a printed sign or code, of one beside the total, of the currency of the receipt's chain,
# of a hint, and of dates with the month first for dollars of the United States.
_SIGN = 3
_TOTAL = 3
_CHAIN = 3
_HINT = 2
_MONTH_FIRST = 2
_AMERICAN = "USD"
# The confidence in a currency that nothing printed supports.
_GUESSED = 0.5
_TOTALS = frozenset({RowKind.TOTAL, RowKind.PAYMENT})


@dataclass(frozen=True)
class FoundCurrency:
    """An ISO 4217 code, a confidence from 0 to 1, and where the currency comes from.

    Code and source are None, and the confidence is 0, if nothing suggests a currency.
    """

    code: str | None
    confidence: float
    source: CurrencySource | None


NO_CURRENCY = FoundCurrency(None, 0.0, None)


def find_currency(
    rows: Sequence[ReadRow],
    *,
    chain_currency: str | None = None,
    conventions: Conventions | None = None,
    month_first: bool | None = None,
    spoken: str | None = None,
) -> FoundCurrency:
    """Find the currency with the most points.

    `chain_currency` is what the receipt's chain takes everywhere, if that is known. `conventions`
    are those that the caller hints at; they count only if no currency is printed by a sign or a
    code of its own. `month_first` is whether a date has its month first, if that shows. `spoken` is
    the language of the till, if that is clear.
    """
    text = "\n".join(row.printed for row in rows)
    inferred = _by_country(text, spoken)
    if chain_currency:
        inferred[chain_currency] += _CHAIN
    hinted = conventions.currency if conventions else None
    printed = _printed(rows, inferred | Counter({hinted: 1} if hinted else {}))
    if printed:
        return _best(printed + inferred, printed)
    signs = [sign for sign in load_currencies().shared if _compiled(sign.pattern).search(text)]
    hint = _hint(conventions, signs)
    if signs:
        return _by_sign(signs[0], inferred, text, month_first=month_first, hint=hint)
    return _best(inferred + Counter({hint: _HINT} if hint else {}), {}, preferred=hint)


def _hint(conventions: Conventions | None, signs: Sequence[SharedSign]) -> str | None:
    """Return the currency of the hint, if it may say more than the print.

    A sign decides which currencies may be.
    """
    if conventions is None or conventions.currency is None:
        return None
    if signs:
        return conventions.currency if conventions.currency in signs[0].currencies else None
    return conventions.currency if conventions.is_certain else None


def _by_country(text: str, spoken: str | None) -> Counter[str]:
    """Return the points by currency: those of the likeliest country that takes it."""
    points: Counter[str] = Counter()
    for country, count in country_points(text, spoken).items():
        currency = currency_by_country()[country]
        points[currency] = max(points[currency], count)
    return points


def _printed(rows: Sequence[ReadRow], inferred: Mapping[str, int]) -> Counter[str]:
    """Return the points of signs and codes. Rows with two currencies show only a rate."""
    signs = _signs_in("\n".join(row.printed for row in rows), inferred)
    counts = [(row, _counts(row.printed, signs)) for row in rows]
    single = [(row, found) for row, found in counts if len(found) == 1]
    times = sum((found for _, found in single), Counter[str]())
    points = Counter({code: _SIGN * min(count, _OFTEN) for code, count in times.items()})
    beside = [found for row, found in single if row.kind in _TOTALS and row.amount]
    if beside:
        points[next(iter(beside[0]))] += _TOTAL
    return points


def _counts(text: str, signs: Sequence[tuple[str, re.Pattern[str]]]) -> Counter[str]:
    return Counter(code for code, pattern in signs for _ in pattern.finditer(text))


def _signs_in(text: str, inferred: Mapping[str, int]) -> list[tuple[str, re.Pattern[str]]]:
    """Return the signs and codes in a text; a code that is a word needs another clue."""
    return [
        (code, pattern)
        for code, pattern, is_word in _signs()
        if (not is_word or inferred.get(code)) and pattern.search(text)
    ]


def _by_sign(
    sign: SharedSign,
    inferred: Mapping[str, int],
    text: str,
    *,
    month_first: bool | None,
    hint: str | None,
) -> FoundCurrency:
    """Return the currency that a shared sign stands for, if the evidence for one is best."""
    points = Counter({code: inferred.get(code, 0) for code in sign.currencies})
    for code, pattern in sign.clues.items():
        points[code] += bool(_compiled(pattern).search(text))
    if month_first and _AMERICAN in points:
        points[_AMERICAN] += _MONTH_FIRST
    ranked = sorted(
        points, key=lambda code: (points[code] + _HINT * (code == hint), points[code]), reverse=True
    )
    best = ranked[0]
    most, next_most = points[best], max((points[code] for code in ranked[1:]), default=0)
    if most <= next_most:
        guess = hint or sign.otherwise
        return FoundCurrency(guess, _GUESSED, "inferred") if guess else NO_CURRENCY
    return FoundCurrency(best, most / (most + next_most) * (1 - 0.5 ** (most + 1)), "printed")


def _best(
    points: Counter[str], printed: Mapping[str, int], preferred: str | None = None
) -> FoundCurrency:
    # The order of the file decides on ties.
    order = {code: -place for place, code in enumerate(load_currencies().currencies)}
    known = [code for code in points if points[code] > 0]
    if not known:
        return NO_CURRENCY
    best = max(known, key=lambda code: (points[code], code == preferred, order.get(code, -999)))
    # What only suggests another currency does not make a printed one doubtful.
    against = [code for code in known if code in printed] if best in printed else known
    next_most = max((points[code] for code in against if code != best), default=0)
    agreed = points[best] / (points[best] + next_most)
    return FoundCurrency(
        best,
        agreed * (1 - 0.5 ** points[best]),
        "printed" if best in printed else "inferred",
    )


@cache
def _signs() -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    """Return the pattern for the signs and the code of each currency, and whether it is a word."""
    return tuple(
        pattern
        for code, currency in load_currencies().currencies.items()
        for pattern in (
            (
                code,
                _words([] if currency.word else [code], currency.signs, currency.pattern),
                False,
            ),
            (code, _compiled(rf"(?<![^\W\d_]){code}(?=\W{{0,3}}\d)|(?<=\d)\s?{code}\b"), True),
        )
        if pattern[2] == currency.word or not pattern[2]
    )


def _words(codes: Sequence[str], signs: Sequence[str], own: str | None) -> re.Pattern[str]:
    """Match codes and signs exactly; an end that is a letter must not touch another letter."""
    known = [*map(_bounded, (*codes, *signs)), *([own] if own else [])]
    return _compiled("|".join(known) or "(?!)")


def _bounded(word: str) -> str:
    before = r"(?<![^\W\d_])" if word[0].isalpha() and word.isascii() else ""
    behind = r"(?![^\W\d_])" if word[-1].isalpha() and word.isascii() else ""
    return before + re.escape(word) + behind


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
