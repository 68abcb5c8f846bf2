"""What the words of a name say of its topic: the phrases in it that are known, the head first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from worker.pipeline.meaning.heads import head
from worker.pipeline.meaning.words import comparable

# How much a phrase says by its number of words: a longer one is less often there by accident.
_BY_LENGTH = (0.0, 0.7, 0.9, 1.0)
# How much of that counts: a phrase that is the head's end, one before it, one that only describes.
_HEAD, _BEFORE, _DESCRIBING = 1.0, 0.3, 0.15
_DECIDING, _BRAND = 2.0, 0.5
# Words that may stand behind the head and say nothing.
_TAIL = frozenset(comparable(
    "count ct pack pk packs oz fl lb lbs g kg ml cl l gal gallon qt pint ea each bag box can bottle "
    "jar carton tub tray size family value jumbo mini large medium small original classic organic "
    "natural light free fat low reduced assorted variety flavor flavour style"
))  # fmt: skip


class _Found(NamedTuple):
    """A known phrase at words `start` to `end` of a name."""

    start: int
    end: int
    topics: frozenset[str]


class Phrases:
    """Things and brands by topic, looked for word for word."""

    def __init__(
        self,
        things: Mapping[str, Iterable[str]],
        deciding: Mapping[str, Iterable[str]],
        brands: Mapping[str, Iterable[str]],
    ) -> None:
        """By topic. What is `deciding` counts fully wherever it stands. A brand says less than a
        thing: "Heinz" is sauce, "Heinz soup" is not."""
        self._deciding = _by_words(deciding)
        self._things = _by_words(things) | self._deciding
        self._brands = _by_words(brands)
        self._longest = max(map(len, [*self._things, *self._brands]), default=0)

    def evidence(self, name: str) -> dict[str, float]:
        """How much speaks for each topic that something speaks for: 0..1, together at most 1."""
        words = comparable(name)
        things = self._find(words, self._things)
        brands = self._find(words, self._brands)
        last = _last_word(words, len(comparable(head(name))))
        weights: defaultdict[str, float] = defaultdict(float)
        for found in things:
            if tuple(words[found.start : found.end]) in self._deciding:
                _add(weights, found, _DECIDING)
                continue
            share = _HEAD if found.end == last else _BEFORE if found.end < last else _DESCRIBING
            _add(weights, found, share)
        for found in brands:
            _add(weights, found, _BRAND)
        total = max(1.0, sum(weights.values()))
        return {topic: weight / total for topic, weight in weights.items()}

    def _find(
        self, words: Sequence[str], known: Mapping[tuple[str, ...], frozenset[str]]
    ) -> list[_Found]:
        """The longest phrase at each end, from the last word on: the head of English is there."""
        found, end = [], len(words)
        while end > 0:
            lengths = range(min(self._longest, end), 0, -1)
            length = next((n for n in lengths if tuple(words[end - n : end]) in known), 0)
            if length:
                found.append(_Found(end - length, end, known[tuple(words[end - length : end])]))
            end -= length or 1
        return found


def _add(weights: defaultdict[str, float], found: _Found, share: float) -> None:
    length = min(found.end - found.start, len(_BY_LENGTH) - 1)
    for topic in found.topics:
        weights[topic] += share * _BY_LENGTH[length] / len(found.topics)


def _last_word(words: Sequence[str], end: int) -> int:
    """Where the head ends: behind the last word that is no size and says something."""
    while end > 1 and (words[end - 1] in _TAIL or words[end - 1][0].isdigit()):
        end -= 1
    return end


def _by_words(listed: Mapping[str, Iterable[str]]) -> dict[tuple[str, ...], frozenset[str]]:
    topics: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for topic, phrases in listed.items():
        for phrase in phrases:
            topics[tuple(comparable(phrase))].add(topic)
    return {words: frozenset(of_words) for words, of_words in topics.items()}
