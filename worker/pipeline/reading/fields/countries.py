"""Finds the country of a receipt by its law, places, telephone numbers and web domains.

The clues are in `knowledge/country_clues.toml`; this module counts them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from worker.pipeline.knowledge.countries import currency_by_country
from worker.pipeline.knowledge.country_clues import CountryClues, TaxId, load_country_clues
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.reading.rows.layout import ReadRow

# Points of a number of a taxpayer in its form, and of only the words before one.
_TAX_ID, _TAX_WORD = 3, 2
_PLACE, _DOMAIN, _PHONE, _WORD, _WEAK = 2, 2, 2, 1, 1
# The most that one kind of clue counts for.
_MOST = 5
# Points of a country whose currency is printed.
_CURRENCY = 3
# The countries whose numbers for the value added tax begin with the country.
_EUROPEAN = {
    "AT": "ATU", "BE": "BE", "BG": "BG", "CZ": "CZ", "DE": "DE", "DK": "DK", "EE": "EE", "ES": "ES",
    "FI": "FI", "FR": "FR", "GR": "EL", "HR": "HR", "HU": "HU", "IE": "IE", "IT": "IT", "LT": "LT",
    "LV": "LV", "NL": "NL", "PL": "PL", "PT": "PT", "RO": "RO", "SE": "SE", "SI": "SI", "SK": "SK",
}  # fmt: skip


_NOTHING = "(?!)"
# A capital letter in a pattern, but not that of a class such as `\W`.
_CAPITAL = re.compile(r"(?<!\\)[A-Z]")
# Letters whose lower case is another one than that of the letter without dot, or with one.
_DOTS = MappingProxyType({ord("\u0130"): "i", ord("\u0131"): "i"})


@dataclass(frozen=True)
class FoundCountry:
    """An ISO 3166-1 code, a confidence from 0 to 1, and the rows that show the country.

    The code is None, and the confidence is 0, if nothing suggests a country or two are as likely.
    """

    code: str | None
    confidence: float
    rows: Sequence[ReadRow] = ()


@dataclass(frozen=True)
class _Clue:
    """A pattern that gives `points` to a country for each different text that it matches, or only
    `once`. It is matched against the text as it is if it is `cased`, otherwise in lower case."""

    country: str
    points: int
    pattern: re.Pattern[str]
    once: bool
    cased: bool

    def finds(self, text: "_Text") -> Iterator[re.Match[str]]:
        """Find the clue in a text."""
        return self.pattern.finditer(text.printed if self.cased else text.lowered)


class _Text:
    """A text as it is printed, and in lower case."""

    def __init__(self, printed: str) -> None:
        self.printed = printed
        self.lowered = printed.translate(_DOTS).lower()


def country_points(text: str, spoken: str | None = None) -> Counter[str]:
    """Return the points by country for all clues in a text, and for the language of the till."""
    points = Counter(_points(text))
    if spoken:
        known = load_country_clues().items()
        points.update(country for country, clues in known if clues.language == spoken)
    return points


# The currency and the country of a receipt are found by the same points.
@lru_cache(maxsize=1)
def _points(printed: str) -> Counter[str]:
    text = _Text(printed)
    points: Counter[str] = Counter()
    for clue in _clues():
        times = len({match[0].casefold() for match in clue.finds(text)})
        if times:
            points[clue.country] += min((1 if clue.once else times) * clue.points, _MOST)
    return points


def find_country(
    rows: Sequence[ReadRow], currency: str | None = None, spoken: str | None = None
) -> FoundCountry:
    """Find the country with the most points.

    `currency` is the one that is printed; the countries that take it are likelier. `spoken` is the
    language of the till, if that is clear.
    """
    points = country_points("\n".join(row.printed for row in rows), spoken)
    for code in _taking(currency):
        if points[code] or len(_taking(currency)) == 1:
            points[code] += _CURRENCY
    ranked = [*points.most_common(), (None, 0), (None, 0)]
    (country, most), (_, next_most) = ranked[0], ranked[1]
    if country is None or most == next_most:
        return FoundCountry(None, 0.0)
    confidence = most / (most + next_most) * (1 - 0.5**most)
    clues = [clue for clue in _clues() if clue.country == country]
    return FoundCountry(country, confidence, [row for row in rows if _shows(clues, row.printed)])


def _taking(currency: str | None) -> Sequence[str]:
    """Return the countries that take a currency."""
    return [code for code, taken in currency_by_country().items() if taken == currency]


def tax_id(country: str) -> re.Pattern[str] | None:
    """Return a pattern to `search` for a taxpayer's number: its group `number` is the number.

    Returns None for a country of which no form is known.
    """
    clues = load_country_clues().get(country)
    forms = [_tax_id(kind) for kind in clues.tax_ids] if clues else []
    numbers = "|".join(dict.fromkeys(form for _, form in forms))
    names = "|".join(name for name, _ in forms)
    if not forms:
        return None
    return _compiled(rf"(?:{names})\W{{0,4}}(?P<number>{numbers})(?!\d)")


def _shows(clues: Sequence[_Clue], printed: str) -> bool:
    text = _Text(printed)
    return any(True for clue in clues for _ in clue.finds(text))


@cache
def _clues() -> tuple[_Clue, ...]:
    return tuple(
        _Clue(
            country,
            points,
            # Patterns that ignore cases are several times as slow as those for lower case.
            re.compile(pattern, re.MULTILINE | (0 if cased or is_lower else re.IGNORECASE)),
            once=pattern == clues.weak,
            cased=cased,
        )
        for country, clues in load_country_clues().items()
        for points, pattern, cased in _patterns(country, clues)
        for is_lower in [not _CAPITAL.search(pattern)]
        if pattern != _NOTHING
    )


def _patterns(country: str, clues: CountryClues) -> Iterator[tuple[int, str, bool]]:
    """Yield the points and the pattern of each kind of clue, and whether capitals matter."""
    ends = "|".join(map(re.escape, clues.domains)) or _NOTHING
    yield _WORD, whole(clues.words), False
    yield _PLACE, whole(clues.places), False
    yield _DOMAIN, rf"(?:@|www\.)[\w.-]+\.(?:{ends})\b", False
    yield _PHONE, rf"\+{clues.phone}[\s(/.-]?\d" if clues.phone else _NOTHING, False
    yield clues.postcode_points, clues.postcode or _NOTHING, True
    yield _WEAK, clues.weak or _NOTHING, False
    for kind in clues.tax_ids:
        names, form = _tax_id(kind)
        yield _TAX_WORD, names, False
        yield _TAX_ID - _TAX_WORD, rf"{names}\W{{0,4}}(?:{form})(?!\d)", False
    if country in _EUROPEAN:
        yield _TAX_ID, rf"(?<![A-Za-z]){_EUROPEAN[country]} ?(?=\w{{0,2}}\d{{7}})\w{{8,12}}\b", True


def _tax_id(kind: TaxId) -> tuple[str, str]:
    """Return the pattern for the words before a number, and the one for the number."""
    return rf"(?<!\w){any_of(kind.names)}(?![^\W\d_])", kind.form


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
