"""Chains of shops, known by name: for logos that were half read."""

import re
import tomllib
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

# Shorter names are part of too many words.
_SHORTEST = 4
_ALIKE = 0.85
_FEW_WORDS = 5
_WORD = re.compile(r"[^\W_]+")


def chain_of(row: str) -> str | None:
    """The chain whose name a row is, give or take a letter; written as the chain does."""
    squeezed = "".join(_WORD.findall(row.lower()))
    for name, chain in _chains().items():
        read = name.replace(" ", "")
        if abs(len(read) - len(squeezed)) > 1:
            continue
        if SequenceMatcher(None, read, squeezed).ratio() >= _ALIKE:
            return chain
    return None


def names_a_chain(row: str) -> bool:
    """Whether a row has the name of a chain in it, as whole words, and is no sentence."""
    words = _WORD.findall(row.lower())
    text = f" {' '.join(words)} "
    return len(words) <= _FEW_WORDS and any(f" {name} " in text for name in _chains())


@cache
def _chains() -> Mapping[str, str]:
    """By their words in lower case."""
    text = files("worker.pipeline.reading").joinpath("chains.toml").read_text(encoding="utf-8")
    chains = {" ".join(_WORD.findall(name.lower())): name for name in tomllib.loads(text)["names"]}
    return {words: name for words, name in chains.items() if len(words) >= _SHORTEST}
