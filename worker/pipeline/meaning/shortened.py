"""Words that a till has shortened in its own way: by their vowels (CRMBLD) or their end (POTAT)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from worker.pipeline.folding import folded
from worker.pipeline.meaning.words import comparable, singular

_WORD = re.compile(r"(?<![\w'\u2019])[^\W\d_]+(?![\w'\u2019])")
_VOWELS = re.compile(r"[aeiou]")
_DOUBLES = re.compile(r"(.)\1+")
# Consonants that a word must have kept to be known again, and letters of a cut one.
_FEWEST_CONSONANTS = 3
_FEWEST_LETTERS = 4
# How many times as common as all others with the same consonants a word must be.
_LEAD = 2


class Shortened:
    """Finds the one word that a shortened one can stand for; leaves all else as it is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        """`phrases`: what may be meant, the more often a word is in it the likelier."""
        counts = Counter(word for phrase in phrases for word in comparable(phrase) if len(word) > 3)
        self._words = counts
        by_consonants: defaultdict[str, dict[str, int]] = defaultdict(dict)
        by_start: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for word, count in counts.items():
            by_consonants[_consonants(word)][word] = count
            for length in range(_FEWEST_LETTERS, len(word) - 1):
                by_start[word[:length]][word] = count
        self._by_consonants: Mapping[str, Mapping[str, int]] = by_consonants
        self._by_start: Mapping[str, Mapping[str, int]] = by_start

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
        if short in self._words:
            return None
        consonants = _consonants(short)
        if len(consonants) >= _FEWEST_CONSONANTS:
            fuller = {
                word: count
                for word, count in self._by_consonants.get(consonants, {}).items()
                if _is_within(short, word)
            }
            if fuller:
                return _commonest(fuller)
        return _commonest(self._by_start.get(short, {}))


def _commonest(counts: Mapping[str, int]) -> str | None:
    """The word that is meant, if one is much likelier than all others together."""
    if not counts:
        return None
    best = max(counts, key=lambda word: counts[word])
    return best if counts[best] >= _LEAD * (sum(counts.values()) - counts[best]) else None


def _consonants(word: str) -> str:
    """The letters without vowels, but for the first, doubled ones once."""
    return _DOUBLES.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def _is_within(short: str, word: str) -> bool:
    """Whether `short` is `word` with letters left out."""
    letters = iter(word)
    return len(short) < len(word) and all(letter in letters for letter in short)
