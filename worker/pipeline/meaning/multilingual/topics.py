"""Finds the topics of names in any language by their vectors.

A ridge regression learnt them from the words of the knowledge files in many languages (see
`learning.py`), so nothing has to be embedded before the first name, and the model's vectors, whose
cosines all lie between 0.79 and 0.88, need no other treatment than to be centred.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from worker.pipeline.knowledge.files import KnowledgeError
from worker.pipeline.knowledge.groceries import load_grocery
from worker.pipeline.meaning.groceries.categories import Meaning
from worker.pipeline.meaning.models.ports import Scores, Vectors

LEARNT = Path(__file__).parent / "topics.npz"
# How far a second topic of a label adds to the first, and the temperature of the softmax over
# labels. Both were set with 187 names of 24 languages, each scored by what was learnt without its
# language, so that nineteen in twenty of the names with a score of 0.8 are right.
_JOINING = 0.05
_TEMPERATURE = 0.06
# The number of topics that an unknown label means. Beside such labels, 29 of 40 names were right
# with five, and 24 or 25 with three or eight.
_TOPICS_OF_LABEL = 5


class TopicModel(NamedTuple):
    """What was learnt: the mean vector, and for each topic a weight of every dimension and one more
    that is always added. `model` is the version of the embedder."""

    topics: tuple[str, ...]
    centre: Vectors
    weights: Vectors
    model: str

    def of(self, vectors: Vectors) -> Scores:
        """Return how much vectors speak for topics, shape (vectors, topics), about 0..1."""
        centred = vectors - self.centre
        unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        scores: Scores = (unit @ self.weights[:-1] + self.weights[-1]).astype(np.float64)
        return scores


@cache
def load_topic_model() -> TopicModel:
    """Load what was learnt. Raises KnowledgeError if it was learnt of other topics."""
    with np.load(LEARNT, allow_pickle=False) as learnt:
        topics = tuple(learnt["topics"].tolist())
        centre, weights = learnt["centre"], learnt["weights"].astype(np.float32)
        model = str(learnt["model"])
    if set(topics) != set(load_grocery().topics):
        raise KnowledgeError("multilingual/topics.npz knows other topics; run bin/learn-topics.")
    return TopicModel(topics, centre, weights, model)


def label_scores(
    model: TopicModel,
    vectors: Vectors,
    meanings: Sequence[Meaning],
    embed: Callable[[Sequence[str]], Vectors],
) -> Scores:
    """Return the scores of the labels with these meanings, shape (vectors, labels); rows sum to 1.

    An unknown label means the topics that its own text speaks for most.
    """
    members = np.stack([_members(model, meaning, embed) for meaning in meanings], axis=1)
    joined = np.exp(model.of(vectors) / _JOINING) @ members
    powers: Scores = joined ** (_JOINING / _TEMPERATURE)
    scores: Scores = powers / powers.sum(axis=1, keepdims=True)
    return scores


def _members(
    model: TopicModel, meaning: Meaning, embed: Callable[[Sequence[str]], Vectors]
) -> npt.NDArray[np.float64]:
    """Return 1 for each topic that belongs to a label, and 0 for others."""
    if meaning.topics:
        return np.array([float(topic in meaning.topics) for topic in model.topics])
    scores = model.of(embed(meaning.texts)).max(axis=0)
    least = np.sort(scores)[-_TOPICS_OF_LABEL]
    members: npt.NDArray[np.float64] = (scores >= least).astype(np.float64)
    return members
