"""Grocery words of other languages in English, the language that the embedding model knows."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from worker.pipeline.knowledge.groceries import load_translations
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.vocabulary import Compounds
from worker.pipeline.words.folding import folded

# No word is longer than this, and compounds of compounds take time.
_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,60}(?![^\W\d_])")
# Letters of a word that was cut off with a dot (DETERS.).
_SHORTEST_CUT = 4
# How many of the words that begin so must be the same thing.
_CUT_SHARE = 0.75
# Letters of a word that may be looked for at the end of a longer one.
_SHORTEST_END = 3
# Letters of what may stand before it.
_SHORTEST_START = 3


class ForeignWords:
    """Puts English words in the place of those it knows; leaves all others as they are."""

    def __init__(
        self, whole: Mapping[str, str], compounding: Mapping[str, str], compounds: Compounds
    ) -> None:
        """English by foreign word, which is in lower case and without accents; those of `whole` may
        be phrases. `compounds` says how the others are put together."""
        self._words = {**compounding, **whole}
        self._compounding = compounding
        self._links = sorted(("", *compounds.links), key=len)
        self._diminutives = compounds.diminutives
        self._longest = max(len(phrase.split()) for phrase in self._words)

    def in_english(self, text: str) -> str:
        """`text` with what is known in it translated, longest phrase first."""
        plain = folded(text)
        words = list(_WORD.finditer(plain))
        parts, end, index = [], 0, 0
        while index < len(words):
            count, english = self._translated([word[0] for word in words[index:]])
            if english is None and plain.startswith(".", words[index].end()):
                english = self._cut_off(words[index][0])
            if english is not None:
                parts += [text[end : words[index].start()], english]
                end = words[index + count - 1].end()
            index += count
        return "".join(parts) + text[end:]

    def _translated(self, words: list[str]) -> tuple[int, str | None]:
        """How many words at the start of `words` are one, and what it is in English."""
        for count in range(min(self._longest, len(words)), 0, -1):
            english = self._words.get(" ".join(words[:count]))
            if english is not None:
                return count, english
        return 1, self._compound(words[0]) or self._diminished(words[0])

    def _diminished(self, word: str) -> str | None:
        """What a diminutive (worstjes) is in English, by the word that it is made of."""
        stems = (word.removesuffix(ending) for ending in self._diminutives if word.endswith(ending))
        return next(filter(None, map(self._word, stems)), None)

    def _word(self, word: str) -> str | None:
        return self._words.get(word) or self._compound(word)

    def _cut_off(self, start: str) -> str | None:
        """What the words that start so are in English, if nearly all are one thing."""
        if len(start) < _SHORTEST_CUT:
            return None
        fitting = Counter(self._words[word] for word in self._words if _is_start(start, word))
        things = Counter(english.split()[-1] for english in fitting.elements())
        for thing, count in things.most_common(1):
            if count >= _CUT_SHARE * things.total():
                same = (english for english in fitting if english.split()[-1] == thing)
                return min(same, key=len)
        return None

    def _compound(self, word: str) -> str | None:
        """Of Vollkornbrot the longest word at its end, and what stands before it, if known."""
        for start in range(_SHORTEST_START, len(word) - _SHORTEST_END + 1):
            english = self._compounding.get(word[start:])
            if english is not None:
                return f"{self._start(word[:start])} {english}".strip()
        return None

    def _start(self, start: str) -> str:
        for stem in self._stems(start):
            english = self._words.get(stem) or self._compound(stem)
            if english is not None:
                return english
        return ""

    def _stems(self, start: str) -> Iterator[str]:
        for link in self._links:
            if start.endswith(link):
                yield start.removesuffix(link)


@cache
def load_foreign_words() -> ForeignWords:
    """Those of `foreign_words/`."""
    whole, compounding = load_translations()
    return ForeignWords(whole, compounding, vocabulary().compounds)


def _is_start(start: str, word: str) -> bool:
    return " " not in word and word.startswith(start)
