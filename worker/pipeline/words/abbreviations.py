"""Writes out what tills abbreviate, both for people and for the embedding model."""

import re
from collections.abc import Mapping
from functools import cache

from worker.pipeline.knowledge.translations import load_short_forms
from worker.pipeline.words.casing import titled
from worker.pipeline.words.folding import folded


class Abbreviations:
    """Replaces abbreviations that are whole words with what they stand for."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        """Take the meanings by abbreviation: one word or more in lower case, without accents."""
        self._meanings = meanings
        longest_first = sorted(meanings, key=len, reverse=True)
        self._pattern = re.compile(
            # Each word may end with a dot, which then needs no space behind it (`VOLLK.BROT`).
            rf"(?<![\w'\u2019])(?:{'|'.join(map(_as_pattern, longest_first))})(?![\w'\u2019])\.?"
        )

    def expand(self, text: str) -> str:
        """Write out the abbreviations in `text`, with capitals if their first letter has one."""
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
    """Load the abbreviations of `abbreviations.toml`. Raises KnowledgeError."""
    return Abbreviations(load_short_forms())


def _as_pattern(abbreviation: str) -> str:
    return r"(?:\.\s*|\s+)".join(map(re.escape, abbreviation.split()))
