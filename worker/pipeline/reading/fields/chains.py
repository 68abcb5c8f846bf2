"""Chains of shops, known by name: for logos that were half read."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache

from worker.pipeline.knowledge.chains import SEVERAL, load_chains
from worker.pipeline.words.folding import folded

# Shorter names are part of too many words.
_SHORTEST = 3
_ALIKE = 0.85
_LONG_ENOUGH = 7
_FEW_WORDS = 5
_WORD = re.compile(r"[^\W_]+")


def chain_of(row: str) -> str | None:
    """The chain whose name a row is, give or take a letter; written as the chain does."""
    squeezed = "".join(_WORD.findall(folded(row)))
    for name, chain in _chains().items():
        read = name.replace(" ", "")
        if read == squeezed:
            return chain
        if not _may_be(read, squeezed):
            continue
        if SequenceMatcher(None, read, squeezed).ratio() >= _ALIKE:
            return chain
    return None


def _may_be(name: str, read: str) -> bool:
    """Whether one is the other with a letter too many or too few; of a short name only with one
    lost inside: `L DL`, but neither `Norma's` nor `Bill`."""
    if len(name) >= _LONG_ENOUGH:
        return abs(len(name) - len(read)) <= 1
    lost = len(name) - len(read)
    return lost in (0, 1) and name[:1] + name[-1:] == read[:1] + read[-1:]


def names_a_chain(row: str) -> bool:
    """Whether a row has the name of a chain in it, as whole words, and is no sentence."""
    words = _WORD.findall(folded(row))
    text = f" {' '.join(words)} "
    return len(words) <= _FEW_WORDS and any(f" {name} " in text for name in _chains())


def currency_of(chain: str) -> str | None:
    """What a chain takes wherever it has shops: an ISO 4217 code; None of what is no chain."""
    codes = (code for code, names in load_chains().items() if chain in names)
    code = next(codes, SEVERAL)
    return None if code == SEVERAL else code


@cache
def _chains() -> Mapping[str, str]:
    """By their words in lower case and without accents, which engines lose."""
    names = [name for several in load_chains().values() for name in several]
    chains = {" ".join(_WORD.findall(folded(name))): name for name in names}
    return {words: name for words, name in chains.items() if len(words) >= _SHORTEST}
