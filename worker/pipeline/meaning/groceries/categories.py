"""What a label means: topics with many examples for grocery labels, its own text for any other."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from worker.pipeline.knowledge.groceries import Category, Grocery
from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of


@dataclass(frozen=True)
class Meaning:
    """`texts` say what the label means in English, `topics` name what else belongs there. Of one
    that is not `known`, the text is all there is."""

    texts: tuple[str, ...]
    topics: tuple[str, ...] = ()
    known: bool = False


@dataclass(frozen=True)
class _Entry:
    """A category or topic that is known."""

    name: str
    topics: frozenset[str]
    related: frozenset[str] = frozenset()
    otherwise: frozenset[str] = frozenset()
    remainder: bool = False


class LabelMeanings:
    """Finds what the labels of a request mean, side by side."""

    def __init__(self, known: Grocery) -> None:
        """`known`: topics and categories."""
        self._examples = {name: topic.examples for name, topic in known.topics.items()}
        self._entries: dict[str, _Entry] = {}
        self._categories = known.categories
        for name, topic in known.topics.items():
            self._learn(topic, topic.topics or (name,))
        for category in self._categories.values():
            self._learn(category, category.topics)

    def of(self, labels: Sequence[str]) -> list[Meaning]:
        """The meaning of each label beside the others.

        A topic belongs to the narrowest label that stands for it (with "Drinks" and "Wine", wine
        is Wine), then to one that is related; what is left is the remainder's ("Other") or, where
        there is none, that of a label which would take it otherwise (shampoo is "Household").
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

    def examples(self, topic: str) -> Sequence[str]:
        """Things that belong to a topic."""
        return self._examples[topic]

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
        """Those of the names that are topics, and those of the categories among them."""
        parts = [
            {name} if name in self._examples else self._topics(self._categories[name].topics)
            for name in names
        ]
        return frozenset[str]().union(*parts)

    def _find(self, label: str) -> list[_Entry]:
        """What a label is known as: the whole of it, or each of its parts, or of a part the words,
        if half of them are known."""
        whole = self._entry(label)
        if whole:
            return [whole]
        found = [entry for part in _joints().split(label) for entry in self._find_part(part)]
        return list(dict.fromkeys(found))

    def _find_part(self, part: str) -> list[_Entry]:
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
    """What each label gets of the topics that no label asks for."""
    remainders = [_is_remainder(entries) for entries in found]
    if any(remainders):
        return [rest if remainder else frozenset() for remainder in remainders]
    return [rest & _joined(entry.otherwise for entry in entries) for entries in found]


def _is_remainder(entries: Sequence[_Entry]) -> bool:
    return any(entry.remainder for entry in entries)


def _narrowest(claims: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Of each claim, the topics that no claim to fewer topics has."""
    return [
        claim.difference(*(other for other in claims if len(other) < len(claim)))
        for claim in claims
    ]


def _normalised(label: str) -> str:
    """Without case, punctuation, accents (or what is typed for them: Gemuese) and plurals."""
    plain = unicodedata.normalize("NFKD", label.casefold().replace("œ", "oe"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    typed = re.sub(r"([aou])e", r"\1", _joints().sub(" ", letters))
    return " ".join(word.removesuffix("s") for word in re.findall(r"\w+", typed))


@cache
def _joints() -> re.Pattern[str]:
    """What joins two meanings in one label (`Obst & Gemüse`), or a meaning and a place
    (`Aisle 4 - Snacks`)."""
    words = any_of(vocabulary().names.joints)
    return re.compile(rf"[&+,/;|:]|\s[-\u2013\u2014]\s|\b{words}\b", re.IGNORECASE)


@cache
def _fillers() -> frozenset[str]:
    """Words that make a label neither wider nor narrower."""
    return frozenset(vocabulary().names.fillers)
