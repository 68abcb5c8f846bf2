"""Learns the topics of names from the knowledge files: what `bin/learn-topics` runs."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from worker.pipeline.knowledge.groceries import load_grocery, load_products
from worker.pipeline.knowledge.translations import load_translations
from worker.pipeline.meaning.groceries.known_groceries import load_phrases
from worker.pipeline.meaning.models.ports import Vectors
from worker.pipeline.meaning.multilingual.embedder import MultilingualEmbedder
from worker.pipeline.meaning.multilingual.topics import LEARNT, TopicModel

# What large weights cost; between 1 and 20 it makes no difference.
_RIDGE = 5.0
# The least evidence for the topics of a foreign word's English, so that no guesses are learnt.
_SURE = 0.7


class _Lesson(NamedTuple):
    text: str
    topics: dict[str, float]


def learn(
    texts: Vectors, topics: npt.NDArray[np.float64], names: tuple[str, ...], model: str
) -> TopicModel:
    """Fit a ridge regression from vectors to topics, shape (texts, topics), whose rows sum to 1.

    Rare topics count more: by the root of how rare they are.
    """
    centre = texts.mean(axis=0)
    centred = texts - centre
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    given = np.hstack([unit, np.ones((len(unit), 1))]).astype(np.float64)
    counts = np.sqrt((topics / np.maximum(topics.sum(axis=0), 1)).sum(axis=1))
    weighted = (given * (counts / counts.mean())[:, None]).T
    weights = np.linalg.solve(weighted @ given + _RIDGE * np.eye(given.shape[1]), weighted @ topics)
    return TopicModel(names, centre, weights.astype(np.float32), model)


def main() -> None:
    """Embed all words of the knowledge files, which takes minutes, and write what is learnt."""
    lessons = [*_lessons()]
    names = tuple(load_grocery().topics)
    embedder = MultilingualEmbedder()
    vectors = embedder.embed([lesson.text for lesson in lessons])
    topics = np.array([[lesson.topics.get(name, 0.0) for name in names] for lesson in lessons])
    topics /= topics.sum(axis=1, keepdims=True)
    found = learn(vectors, topics, names, embedder.model_version)
    np.savez_compressed(
        LEARNT,
        topics=np.array(found.topics),
        centre=found.centre,
        # Half the digits change no score by more than a thousandth.
        weights=found.weights.astype(np.float16),
        model=np.array(found.model),
    )
    sys.stdout.write(f"{len(lessons)} words of {len(names)} topics are in {LEARNT.name}.\n")


def _lessons() -> Iterator[_Lesson]:
    listed = load_products().things
    for topic, known in load_grocery().topics.items():
        for thing in (*known.examples, *listed.get(topic, ())):
            yield _Lesson(thing, {topic: 1.0})
    phrases = load_phrases()
    whole, compounding = load_translations()
    for word, english in {**compounding, **whole}.items():
        evidence = phrases.evidence(english)
        if sum(evidence.values()) >= _SURE:
            yield _Lesson(word, evidence)


if __name__ == "__main__":
    main()
