"""Translates grocery words into English, the language that the embedding model knows."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.translations import load_translations
from worker.pipeline.knowledge.vocabulary import Compounds
from worker.pipeline.words.folding import folded

# No word has more than 60 letters, and splitting compounds of compounds takes time.
_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,60}(?![^\W\d_])")
# Letters of writing that puts no blanks between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# The fewest letters of a word that was cut off with a dot (DETERS.).
_SHORTEST_CUT = 4
# The share of the words with that beginning that must mean the same thing.
_CUT_SHARE = 0.75
# The fewest letters of a word that is looked for at the end of a longer one.
_SHORTEST_END = 3
# The fewest letters that may stand before it.
_SHORTEST_START = 3


class ForeignWords:
    """Replaces the words that it knows with English ones and leaves all others alone."""

    def __init__(
        self, whole: Mapping[str, str], compounding: Mapping[str, str], compounds: Compounds
    ) -> None:
        """Take the translations.

        Both mappings have English by foreign word, in lower case and without accents. The keys of
        `whole` may be phrases; those of `compounding` are also found inside longer words, which
        are put together as `compounds` says.
        """
        self._words = {**compounding, **whole}
        self._compounding = compounding
        self._links = sorted(("", *compounds.links), key=len)
        self._diminutives = compounds.diminutives
        self._longest = max(len(phrase.split()) for phrase in self._words)
        self._longest_word = max(map(len, self._words))

    def in_english(self, text: str) -> str:
        """Return `text` with the known words translated; the longest phrase wins."""
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
        """Return how many words the phrase at the start of `words` has, and its English."""
        for count in range(min(self._longest, len(words)), 0, -1):
            english = self._words.get(" ".join(words[:count]))
            if english is not None:
                return count, english
        if _UNSPACED.search(words[0]):
            return 1, self._unspaced(words[0])
        return 1, self._compound(words[0]) or self._diminished(words[0])

    def _unspaced(self, text: str) -> str | None:
        """Translate the known words of a text that is written without blanks, the longest first."""
        found, start = [], 0
        while start < len(text):
            ends = range(min(len(text), start + self._longest_word), start, -1)
            end = next((end for end in ends if text[start:end] in self._words), None)
            if end is not None:
                found.append(self._words[text[start:end]])
            start = end or start + 1
        return " ".join(found) or None

    def _diminished(self, word: str) -> str | None:
        """Translate a diminutive (worstjes) by the word that it is made from."""
        stems = (word.removesuffix(ending) for ending in self._diminutives if word.endswith(ending))
        return next(filter(None, map(self._word, stems)), None)

    def _word(self, word: str) -> str | None:
        return self._words.get(word) or self._compound(word)

    def _cut_off(self, start: str) -> str | None:
        """Translate a word that was cut off, if nearly all words with that start agree."""
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
        """Translate the longest known word at the end of a compound (Vollkornbrot), and what
        stands before it if that is known, too."""
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
    """Load the words of `foreign_words/`. Raises KnowledgeError."""
    whole, compounding = load_translations()
    return ForeignWords(whole, compounding, vocabulary().compounds)


def _is_start(start: str, word: str) -> bool:
    return " " not in word and word.startswith(start)
