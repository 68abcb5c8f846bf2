"""Weighs the known phrases in a name as evidence for its topic; the head counts most."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from worker.pipeline.meaning.groceries.heads import last_word
from worker.pipeline.words.comparing import comparable

# Weight of a phrase by its number of words: a longer one is less often there by accident.
_BY_LENGTH = (0.0, 0.75, 0.95, 1.0)
# Factors by the place of a phrase: at the end of the head; there but beside a brand, where it may
# be no more than a flavour; before the head's end; behind it, where it only describes.
_HEAD, _HEAD_OF_BRAND, _BEFORE, _BEHIND = 1.0, 0.6, 0.2, 0.05
# Factor of the first phrase of a translated name, which may be its head.
_FIRST = 0.6
# Factors of a brand: beside a known head, and where nothing else says what the thing is.
_BRAND, _BRAND_ALONE = 0.9, 1.3
# Factor of a phrase that decides wherever it stands.
_DECIDING = 2.0


class _Found(NamedTuple):
    """A known phrase: the words `start` to `end` (exclusive) of a name."""

    start: int
    end: int
    topics: frozenset[str]


class Phrases:
    """Known things and brands by topic, which are looked for word for word."""

    def __init__(
        self,
        things: Mapping[str, Iterable[str]],
        deciding: Mapping[str, Iterable[str]],
        brands: Mapping[str, Iterable[str]],
    ) -> None:
        """Take phrases by topic.

        Those in `deciding` count fully wherever they stand. A brand says less than a thing:
        "Heinz" is sauce, "Heinz soup" is not.
        """
        self._deciding = _by_words(deciding)
        self._things = _by_words(things) | self._deciding
        self._brands = _by_words(brands)
        self._longest = max(map(len, [*self._things, *self._brands]), default=0)

    def evidence(self, name: str, translated: bool = False) -> dict[str, float]:
        """Return the weight of the evidence by topic: 0..1 each, and at most 1 in sum.

        The head of an English name is at its end; that of a `translated` one may be at its start.
        """
        words = comparable(name)
        end = last_word(name)
        things = self._find(words, self._things)
        brands = self._find(words, self._brands)
        first = min((found.start for found in things), default=0) if translated else None
        has_head = any(found.end == end for found in things)
        head = _HEAD_OF_BRAND if brands else _HEAD
        weights: defaultdict[str, float] = defaultdict(float)
        for found in things:
            is_deciding = tuple(words[found.start : found.end]) in self._deciding
            share = _DECIDING if is_deciding else _share(found, first=first, end=end, head=head)
            _add(weights, found, share)
        for found in brands:
            _add(weights, found, _BRAND if has_head else _BRAND_ALONE)
        total = max(1.0, sum(weights.values()))
        return {topic: weight / total for topic, weight in weights.items()}

    def _find(
        self, words: Sequence[str], known: Mapping[tuple[str, ...], frozenset[str]]
    ) -> list[_Found]:
        """Find the longest phrases, from the last word backwards: English has its head there."""
        found, end = [], len(words)
        while end > 0:
            lengths = range(min(self._longest, end), 0, -1)
            length = next((n for n in lengths if tuple(words[end - n : end]) in known), 0)
            if length:
                found.append(_Found(end - length, end, known[tuple(words[end - length : end])]))
            end -= length or 1
        return found


def _share(found: _Found, *, first: int | None, end: int, head: float) -> float:
    """Return the factor of a phrase by its place; `head` is that of the name's head."""
    if found.end == end:
        return head
    if found.start == first:
        return _FIRST
    return _BEFORE if found.end < end else _BEHIND


def _add(weights: defaultdict[str, float], found: _Found, share: float) -> None:
    length = min(found.end - found.start, len(_BY_LENGTH) - 1)
    for topic in found.topics:
        weights[topic] += share * _BY_LENGTH[length] / len(found.topics)


def _by_words(listed: Mapping[str, Iterable[str]]) -> dict[tuple[str, ...], frozenset[str]]:
    topics: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for topic, phrases in listed.items():
        for phrase in phrases:
            topics[tuple(comparable(phrase))].add(topic)
    return {words: frozenset(names) for words, names in topics.items()}
