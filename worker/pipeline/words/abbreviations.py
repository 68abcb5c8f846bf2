"""What tills shorten, written out: for people who read a name, and for the model that does."""

import re
from collections.abc import Mapping
from functools import cache

from worker.pipeline.knowledge.groceries import load_short_forms
from worker.pipeline.words.casing import titled
from worker.pipeline.words.folding import folded


class Abbreviations:
    """Finds abbreviations as whole words and puts in what they stand for."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        """`meanings`: by abbreviation, which is lower case, without accents, one word or more."""
        self._meanings = meanings
        longest_first = sorted(meanings, key=len, reverse=True)
        self._pattern = re.compile(
            # A dot may end each word; then no space need follow (`VOLLK.BROT`).
            rf"(?<![\w'\u2019])(?:{'|'.join(map(_as_pattern, longest_first))})(?![\w'\u2019])\.?"
        )

    def expand(self, text: str) -> str:
        """`text` with its abbreviations written out, each in the case of its first letter."""
        parts, end = [], 0
        for match in self._pattern.finditer(folded(text)):
            meaning = self._meanings[" ".join(match[0].replace(".", " ").split())]
            shouted = text[match.start()].isupper()
            glued = text[match.end() : match.end() + 1].isalnum()
            parts += [text[end : match.start()], titled(meaning) if shouted else meaning]
            parts += " " * glued
            end = match.end()
        return "".join(parts) + text[end:]


@cache
def load_abbreviations() -> Abbreviations:
    """Those of `abbreviations.toml`."""
    return Abbreviations(load_short_forms())


def _as_pattern(abbreviation: str) -> str:
    return r"(?:\.\s*|\s+)".join(map(re.escape, abbreviation.split()))
