"""Writes out words that a till has shortened by their vowels (CRMBLD) or their end (HAZELN)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from worker.pipeline.words.comparing import comparable, singular
from worker.pipeline.words.folding import folded

_WORD = re.compile(r"(?<![\w'\u2019])[^\W\d_]+(?![\w'\u2019])")
_VOWELS = re.compile(r"[aeiou]")
_DOUBLES = re.compile(r"(.)\1+")
# The fewest consonants by which a word is recognised, those of a brand, which may look like any
# other word, and the fewest letters of a word that was cut off.
_FEWEST_CONSONANTS = 3
_FEWEST_OF_BRAND = 4
_FEWEST_LETTERS = 4
# A word must be this many times as common as all others that fit taken together.
_LEAD = 2


class Shortened:
    """Replaces shortened words that can stand for one word only; leaves all else alone."""

    def __init__(
        self,
        phrases: Iterable[str],
        brands: Iterable[str],
        guesses: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Take the words that may be meant.

        A word is more likely if more of `phrases` have it. `guesses` are the meanings of forms
        that are too short to be recognised.
        """
        self._guesses = guesses
        counts = _counted(phrases)
        brand_counts = _counted(brands)
        self._known = {*counts, *brand_counts}
        self._by_consonants: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_start: dict[str, Counter[str]] = defaultdict(Counter)
        for word, count in counts.items():
            self._by_consonants[_consonants(word)][word] = count
            for length in range(_FEWEST_LETTERS, len(word) - 1):
                self._by_start[word[:length]][word] = count
        for word in brand_counts.keys() - counts.keys():
            if len(_consonants(word)) >= _FEWEST_OF_BRAND:
                self._by_consonants[_consonants(word)][word] = 1

    def written_out(self, text: str) -> str:
        """Return `text` with its shortened words in full, in lower case and singular."""
        plain = folded(text)
        parts, end = [], 0
        for match in _WORD.finditer(plain):
            word = self._meant(singular(match[0]))
            if word is not None:
                parts += [text[end : match.start()], word]
                end = match.end()
        return "".join(parts) + text[end:]

    def _meant(self, short: str) -> str | None:
        if short in self._guesses:
            return self._guesses[short]
        if short in self._known:
            return None
        consonants = _consonants(short)
        if len(consonants) >= _FEWEST_CONSONANTS:
            alike = self._by_consonants.get(consonants, Counter())
            fuller = Counter({word: n for word, n in alike.items() if _is_within(short, word)})
            if fuller:
                return _commonest(fuller)
        return _commonest(self._by_start.get(short, Counter()))


def _counted(phrases: Iterable[str]) -> Counter[str]:
    return Counter(word for phrase in phrases for word in comparable(phrase))


def _commonest(counts: Counter[str]) -> str | None:
    """Return the commonest word, if it is much commoner than all others together."""
    for word, count in counts.most_common(1):
        return word if count >= _LEAD * (counts.total() - count) else None
    return None


def _consonants(word: str) -> str:
    """Return the first letter and the consonants after it, doubled ones once."""
    return _DOUBLES.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def _is_within(short: str, word: str) -> bool:
    """Whether `short` is `word` with letters left out."""
    letters = iter(word)
    return len(short) < len(word) and all(letter in letters for letter in short)
