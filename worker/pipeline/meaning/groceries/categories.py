"""The meaning of a label: topics with examples if it is a known one, its own text otherwise."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from worker.pipeline.knowledge.groceries import Category, Grocery
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of


@dataclass(frozen=True)
class Meaning:
    """What a label means.

    `texts` say it in English, and `topics` name what else belongs there. A label that is not
    `known` has only its own text.
    """

    texts: tuple[str, ...]
    topics: tuple[str, ...] = ()
    known: bool = False


@dataclass(frozen=True)
class _Entry:
    """A known category or topic."""

    name: str
    topics: frozenset[str]
    related: frozenset[str] = frozenset()
    otherwise: frozenset[str] = frozenset()
    remainder: bool = False


class LabelMeanings:
    """Finds the meanings of a request's labels; each depends on which others there are."""

    def __init__(self, known: Grocery, in_english: Callable[[str], str] = str) -> None:
        """Index the topics and categories of `known` by their names.

        `in_english` translates the labels that have no such name.
        """
        self._in_english = in_english
        self._examples = {name: topic.examples for name, topic in known.topics.items()}
        self._entries: dict[str, _Entry] = {}
        self._categories = known.categories
        for name, topic in known.topics.items():
            self._learn(topic, topic.topics or (name,))
        for category in self._categories.values():
            self._learn(category, category.topics)

    def of(self, labels: Sequence[str]) -> list[Meaning]:
        """Return the meaning of each label, given the other labels.

        A topic belongs to the narrowest label that stands for it (with "Drinks" and "Wine", wine
        is Wine), or else to one that is related. The remaining topics go to the label for the
        remainder ("Other") or, if there is none, to a label that lists them under `otherwise`
        (shampoo is "Household").
        """
        found = [self._find(label) for label in labels]
        kept = _narrowest([_joined(entry.topics for entry in entries) for entries in found])
        free = frozenset(self._examples).difference(*kept)
        related = [free & _joined(entry.related for entry in entries) for entries in found]
        rest = free.difference(*related)
        left = _shared_out(rest, found)
        return [
            Meaning(
                texts=tuple(entry.name for entry in entries) or (label,),
                topics=tuple(sorted(own | near | more)),
                known=bool(entries),
            )
            for label, entries, own, near, more in zip(
                labels, found, kept, related, left, strict=True
            )
        ]

    @property
    def examples(self) -> Mapping[str, Sequence[str]]:
        """The things that belong to each topic."""
        return self._examples

    def _learn(self, known: Category, topics: Sequence[str]) -> None:
        for name in known.names:
            self._entries[_normalised(name)] = _Entry(
                name=known.names[0],
                topics=self._topics(topics),
                related=self._topics(known.related),
                otherwise=self._topics(known.otherwise),
                remainder=known.remainder,
            )

    def _topics(self, names: Iterable[str]) -> frozenset[str]:
        """Return the topics that `names` stand for, each of which is a topic or a category."""
        parts = [
            {name} if name in self._examples else self._topics(self._categories[name].topics)
            for name in names
        ]
        return frozenset[str]().union(*parts)

    def _find(self, label: str) -> list[_Entry]:
        """Look up a label as it is, or else in English."""
        return self._find_as_it_is(label) or self._find_as_it_is(self._in_english(label))

    def _find_as_it_is(self, label: str) -> list[_Entry]:
        """Look up the whole label, or else each of its parts."""
        whole = self._entry(label)
        if whole:
            return [whole]
        found = [entry for part in _joints().split(label) for entry in self._find_part(part)]
        return list(dict.fromkeys(found))

    def _find_part(self, part: str) -> list[_Entry]:
        """Look up the whole part, or else its words, provided that half of them are known."""
        whole = self._entry(part)
        if whole:
            return [whole]
        words = [word for word in _normalised(part).split() if word not in _fillers()]
        known = [entry for word in words if (entry := self._entries.get(word))]
        return known if 2 * len(known) >= len(words) else []

    def _entry(self, text: str) -> _Entry | None:
        words = _normalised(text)
        bare = " ".join(word for word in words.split() if word not in _fillers())
        return self._entries.get(words) or self._entries.get(bare)


def _joined(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)


def _shared_out(rest: frozenset[str], found: Sequence[Sequence[_Entry]]) -> list[frozenset[str]]:
    """Return the topics in `rest`, which no label claims, by the label that gets them."""
    remainders = [_is_remainder(entries) for entries in found]
    if any(remainders):
        return [rest if remainder else frozenset() for remainder in remainders]
    return [rest & _joined(entry.otherwise for entry in entries) for entries in found]


def _is_remainder(entries: Sequence[_Entry]) -> bool:
    return any(entry.remainder for entry in entries)


def _narrowest(claims: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Return the claims, each without the topics that a claim to fewer topics has."""
    return [
        claim.difference(*(other for other in claims if len(other) < len(claim)))
        for claim in claims
    ]


def _normalised(label: str) -> str:
    """Remove case, punctuation, accents (also when typed as in Gemuese) and plural endings."""
    plain = unicodedata.normalize("NFKD", label.casefold().replace("œ", "oe"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    typed = re.sub(r"([aou])e", r"\1", _joints().sub(" ", letters))
    return " ".join(word.removesuffix("s") for word in re.findall(r"\w+", typed))


@cache
def _joints() -> re.Pattern[str]:
    """Match what joins two meanings in a label (`Obst & Gemüse`), or a place and a meaning
    (`Aisle 4 - Snacks`)."""
    words = any_of(vocabulary().names.joints)
    return re.compile(rf"[&+,/;|:]|\s[-\u2013\u2014]\s|\b{words}\b", re.IGNORECASE)


@cache
def _fillers() -> frozenset[str]:
    """Return the words that make a label neither wider nor narrower."""
    return frozenset(vocabulary().names.fillers)
