"""Words that a till has shortened in its own way: their vowels (CRMBLD) or their end (HAZELN)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from worker.pipeline.words.comparing import comparable, singular
from worker.pipeline.words.folding import folded

_WORD = re.compile(r"(?<![\w'\u2019])[^\W\d_]+(?![\w'\u2019])")
_VOWELS = re.compile(r"[aeiou]")
_DOUBLES = re.compile(r"(.)\1+")
# Consonants that a word must have kept to be known again (a name of a brand, which looks like any
# other word, more of them), and letters of a cut one.
_FEWEST_CONSONANTS = 3
_FEWEST_OF_BRAND = 4
_FEWEST_LETTERS = 4
# How many times as common as all others with the same consonants a word must be.
_LEAD = 2


class Shortened:
    """Finds the one word that a shortened one can stand for; leaves all else as it is."""

    def __init__(
        self,
        phrases: Iterable[str],
        brands: Iterable[str],
        guesses: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """What may be meant; of `phrases`, a word is the likelier the more of them have it.
        `guesses` say it of words that are too short to tell."""
        self._guesses = guesses
        counts = _counted(phrases)
        of_brands = _counted(brands)
        self._known = {*counts, *of_brands}
        self._by_consonants: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_start: dict[str, Counter[str]] = defaultdict(Counter)
        for word, count in counts.items():
            self._by_consonants[_consonants(word)][word] = count
            for length in range(_FEWEST_LETTERS, len(word) - 1):
                self._by_start[word[:length]][word] = count
        for word in of_brands.keys() - counts.keys():
            if len(_consonants(word)) >= _FEWEST_OF_BRAND:
                self._by_consonants[_consonants(word)][word] = 1

    def written_out(self, text: str) -> str:
        """`text` with its shortened words in full, lower case and singular."""
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
    """The word that is meant, if one is much likelier than all others together."""
    for word, count in counts.most_common(1):
        return word if count >= _LEAD * (counts.total() - count) else None
    return None


def _consonants(word: str) -> str:
    """The letters without vowels, but for the first, doubled ones once."""
    return _DOUBLES.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def _is_within(short: str, word: str) -> bool:
    """Whether `short` is `word` with letters left out."""
    letters = iter(word)
    return len(short) < len(word) and all(letter in letters for letter in short)
