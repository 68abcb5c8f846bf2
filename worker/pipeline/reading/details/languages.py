"""Finds the language of a receipt by the words of tills."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.knowledge.files import Table
from worker.pipeline.knowledge.languages import languages
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

# Scripts that only one language of tills has.
_SCRIPTS = (("ja", "[\u3041-\u30ff]"), ("ko", "[\uac00-\ud7a3]"), ("el", "[\u0370-\u03ff]"))
_FEW_LETTERS = 6
_CLEAR, _FAIR, _DOUBTFUL = 0.95, 0.8, 0.6
# Parts of the vocabulary that are words of tills; names of shops and goods are of any language.
_PARTS = ("labels", "taxes", "counts", "headings", "dates", "discounts", "till")
_SHORTEST = 3
# The votes of a word, which languages that have it share.
_WORD = 12


def language(rows: Sequence[ReadRow]) -> PrintedText | None:
    """Return the language that most words of the rows belong to, or None if two have as many.

    A word counts less the more languages have it.
    """
    text = "\n".join(row.printed for row in rows)
    for code, script in _SCRIPTS:
        if len(re.findall(script, text)) >= _FEW_LETTERS:
            return PrintedText(value=code, confidence=_CLEAR)
    (code, most), (_, second) = (*_votes(text).most_common(2), ("", 0), ("", 0))[:2]
    if most == second:
        return None
    return PrintedText(value=code, confidence=_trust(most, second))


def _votes(text: str) -> Counter[str]:
    votes: Counter[str] = Counter()
    for word in {folded(match[0]) for match in _any_word().finditer(folded(text))}:
        known = [code for code, words in _words().items() if words.fullmatch(word)]
        votes.update(dict.fromkeys(known, _WORD // max(len(known), 1)))
    return votes


def _trust(most: int, second: int) -> float:
    if most >= 3 * second + _WORD:
        return _CLEAR
    return _FAIR if most >= 2 * second else _DOUBTFUL


def clear_language(found: PrintedText | None) -> str | None:
    """Return the code of a language that was found, unless it is in doubt."""
    return found.value if found and found.confidence >= _FAIR else None


@cache
def _any_word() -> re.Pattern[str]:
    listed = {word for language in languages().values() for word in _phrases(language)}
    # Phrases of one length are in an order, too, so that a text is read alike each time.
    ordered = sorted(listed, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<![^\W_]){any_of(ordered)}(?![^\W_])")


@cache
def _words() -> Mapping[str, re.Pattern[str]]:
    return {code: re.compile(any_of(_phrases(table))) for code, table in languages().items()}


def _phrases(language: Table) -> Iterator[str]:
    for part in _PARTS:
        yield from (
            phrase for phrase in _texts(getattr(language, part)) if len(phrase) >= _SHORTEST
        )


def _texts(table: Table) -> Iterator[str]:
    for _, value in table:
        if isinstance(value, Table):
            yield from _texts(value)
        else:
            yield from value
