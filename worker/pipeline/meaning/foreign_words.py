"""Grocery words of other languages in English, the language that the embedding model knows."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from worker.pipeline.folding import folded

_WORD = re.compile(r"[^\W\d_]+")
# Letters of a word that may be looked for at the end of a longer one.
_SHORTEST_END = 3
# Letters of what may stand before it.
_SHORTEST_START = 3
# What German and Dutch put between the parts of a word.
_LINKS = ("en", "es", "er", "s", "n", "e", "")


class ForeignWords:
    """Puts English words in the place of those it knows; leaves all others as they are."""

    def __init__(self, whole: Mapping[str, str], compounding: Mapping[str, str]) -> None:
        """By foreign word, in lower case and without accents; those of `whole` may be phrases."""
        self._words = {**compounding, **whole}
        self._compounding = compounding
        self._longest = max(len(phrase.split()) for phrase in self._words)

    def in_english(self, text: str) -> str:
        """`text` with what is known in it translated, longest phrase first."""
        words = list(_WORD.finditer(folded(text)))
        parts, end, index = [], 0, 0
        while index < len(words):
            count, english = self._translated([word[0] for word in words[index:]])
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
        return 1, self._compound(words[0])

    def _compound(self, word: str) -> str | None:
        """Of Vollkornbrot the longest word at its end, and what stands before it, if known."""
        for start in range(_SHORTEST_START, len(word) - _SHORTEST_END + 1):
            english = self._compounding.get(word[start:])
            if english is not None:
                return f"{self._start(word[:start])} {english}".strip()
        return None

    def _start(self, start: str) -> str:
        for stem in _stems(start):
            english = self._words.get(stem) or self._compound(stem)
            if english is not None:
                return english
        return ""


@cache
def load_foreign_words() -> ForeignWords:
    """Those of `foreign_words.toml`."""
    text = files("worker.pipeline.meaning").joinpath("foreign_words.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    return ForeignWords(_by_word(tables["whole"]), _by_word(tables["compounding"]))


def _stems(start: str) -> Iterator[str]:
    for link in sorted(_LINKS, key=len):
        if start.endswith(link):
            yield start.removesuffix(link)


def _by_word(table: Mapping[str, list[str]]) -> dict[str, str]:
    return {word: english for english, words in table.items() for word in words}
