"""Recognises chains of shops by name or slogan, even if a letter was misread."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import cache

from rapidfuzz.distance import Indel
from rapidfuzz.process import extract_iter

from worker.pipeline.knowledge.chains import SEVERAL, load_chains, load_slogans
from worker.pipeline.words.folding import folded

# Shorter names occur in too many words.
_SHORTEST = 3
_ALIKE = 0.85
_LONG_ENOUGH = 7
_FEW_WORDS = 5
# A slogan is a whole sentence, so more of its letters may be misread.
_SAME_SLOGAN = 0.8
_WORD = re.compile(r"[^\W_]+")


def chain_of(row: str) -> str | None:
    """Return the chain whose name the row is, give or take a letter, spelt as the chain does."""
    squeezed = _squeezed(row)
    # The letters that both have in order are at least as many as those that the matcher counts.
    near = extract_iter(
        squeezed, _squeezed_chains(), scorer=Indel.normalized_similarity, score_cutoff=_ALIKE
    )
    # A chain that is spelt exactly so comes before one that a misread letter would make.
    for name, _, chain in sorted(near, key=lambda found: found[0] != squeezed):
        if name == squeezed:
            return chain
        if _may_be(name, squeezed) and SequenceMatcher(None, name, squeezed).ratio() >= _ALIKE:
            return chain
    return None


def _may_be(name: str, read: str) -> bool:
    """Return whether `read` may be a misread `name`, by length and by the letters at its ends.

    A long name may have a letter more or less. A short one may only have lost a letter inside:
    `L DL` may be Lidl, but `Norma's` is not Norma and `Bill` is not Billa.
    """
    if len(name) >= _LONG_ENOUGH:
        return abs(len(name) - len(read)) <= 1
    lost = len(name) - len(read)
    return lost in (0, 1) and name[:1] + name[-1:] == read[:1] + read[-1:]


def names_a_chain(name: str) -> bool:
    """Return whether a name of a few words has that of a chain in it, as whole words."""
    words = _WORD.findall(folded(name))
    text = f" {' '.join(words)} "
    return len(words) <= _FEW_WORDS and any(f" {chain} " in text for chain in _chains())


def chain_of_slogan(row: str) -> str | None:
    """Return the chain whose slogan the row is, give or take some letters."""
    squeezed = _squeezed(row)
    matcher = SequenceMatcher(None, "", squeezed)
    for slogan, chain in _slogans().items():
        matcher.set_seq1(slogan)
        if matcher.quick_ratio() >= _SAME_SLOGAN and matcher.ratio() >= _SAME_SLOGAN:
            return chain
    return None


def currency_of(chain: str) -> str | None:
    """Return the ISO 4217 code of the currency that all shops of a chain take.

    Returns None for a chain with several currencies, and for a name that is not a chain's.
    """
    codes = (code for code, names in load_chains().items() if chain in names)
    code = next(codes, SEVERAL)
    return None if code == SEVERAL else code


@cache
def _chains() -> Mapping[str, str]:
    """Return the chains by their names in lower case and without accents, which engines lose."""
    names = [name for listed in load_chains().values() for name in listed]
    chains = {" ".join(_WORD.findall(folded(name))): name for name in names}
    return {words: name for words, name in chains.items() if len(words) >= _SHORTEST}


@cache
def _squeezed_chains() -> Mapping[str, str]:
    """Return the names in lower case without blanks, by the chains' own spelling."""
    return {chain: name.replace(" ", "") for name, chain in _chains().items()}


@cache
def _slogans() -> Mapping[str, str]:
    """Return the chains by their slogans without blanks and marks."""
    return {_squeezed(text): chain for chain, texts in load_slogans().items() for text in texts}


def _squeezed(text: str) -> str:
    return "".join(_WORD.findall(folded(text)))
