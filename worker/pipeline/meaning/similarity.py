"""Zero-shot categorisation: a name belongs to the label whose meaning is nearest to it.

Nearness is that of an embedder's vectors, plus the words that the name shares with what belongs
to the label.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from worker.pipeline.meaning.groceries.categories import LabelMeanings, Meaning
from worker.pipeline.meaning.groceries.known_groceries import load_phrases
from worker.pipeline.meaning.groceries.written_out import WrittenOut, written_out
from worker.pipeline.meaning.models.asks import Ask, by_labels
from worker.pipeline.meaning.models.ports import Embedder, Row, Scores, Vectors

# Weights of the three nearest texts of a label: one may be near by accident, but a name that is
# itself among the texts belongs to them.
_WEIGHTS = np.array([0.5, 0.3, 0.2], dtype=np.float32)
# Weight of the words of a name; words that all point to a label are worth this lead in similarity.
_WORDING = 0.18
# Temperature of the softmax over similarities: a lead of 0.1 over one other label scores 0.82.
# Set so that a score of 0.8 is right nineteen times in twenty.
_TEMPERATURE = 0.065
# Similarities say less where a label means no more than its own text.
_VAGUE_TEMPERATURE = 0.09
# Number of sets of labels that are cached; an app uses a few.
_KEPT_SETS = 256


class _LabelSet(NamedTuple):
    """The labels of a request.

    `texts` are the vectors of all their own texts, and `near` has, for each label, the positions
    of what belongs to it among those texts and, behind them, the examples of topics.
    """

    meanings: Sequence[Meaning]
    texts: Vectors
    near: Sequence[npt.NDArray[np.intp]]


class SimilarityClassifier:
    """A `Classifier` that works with the vectors of any embedder."""

    names_at_once = 32
    # One call with all names that wait costs less than several with some of them.
    calls_at_once = 1

    def __init__(
        self,
        embedder: Embedder,
        meanings: LabelMeanings,
        embed_known: Callable[[Sequence[str]], Vectors] | None = None,
    ) -> None:
        """Take the embedder and the meanings.

        `embed_known` replaces the embedder for the examples of topics, which are many and always
        the same.
        """
        self._embedder = embedder
        self._meanings = meanings
        self._phrases = load_phrases()
        examples = meanings.examples
        self._examples = (embed_known or embedder.embed)([*chain(*examples.values())])
        self._places: dict[str, range] = {}
        start = 0
        for topic, texts in examples.items():
            self._places[topic] = range(start, start + len(texts))
            start += len(texts)
        # Threads that miss the same entry at once both compute it, which is harmless.
        self._label_set = lru_cache(_KEPT_SETS)(self._new_label_set)

    @property
    def model_id(self) -> str:
        """Name of the model whose vectors are compared."""
        return self._embedder.model_id

    @property
    def model_version(self) -> str:
        """Version of the model, and the way its vectors are used."""
        return f"{self._embedder.model_version}, nearest-{len(_WEIGHTS)}, words"

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Score by a softmax over the similarities to each meaning; see `Classifier.score`."""
        shared = tuple(labels)
        rows = self.score_each([Ask(name, shared) for name in names])
        return np.array(rows, dtype=np.float64).reshape(len(names), len(labels))

    def score_each(self, asks: Sequence[Ask]) -> Sequence[Row]:
        """Score names that may have different labels; see `Classifier.score_each`."""
        written = [written_out(ask.name) for ask in asks]
        vectors = self._embedder.embed([name.text for name in written])
        known = vectors @ self._examples.T
        rows: dict[int, Row] = {}
        for labels, positions in by_labels(asks):
            chosen = self._label_set(labels)
            similarity = np.concatenate(
                [vectors[positions] @ chosen.texts.T, known[positions]], axis=1
            )
            nearness = np.stack([_nearness(similarity[:, near]) for near in chosen.near], axis=1)
            wording = self._wording([written[position] for position in positions], chosen.meanings)
            scores = _softmax(nearness + _WORDING * wording, chosen.meanings)
            rows.update(zip(positions, scores, strict=True))
        return [rows[position] for position in range(len(asks))]

    def _wording(self, names: Sequence[WrittenOut], meanings: Sequence[Meaning]) -> Vectors:
        """Return how much the words of names speak for labels: 0..1, shape (names, labels)."""
        evidence = [self._phrases.evidence(name.text, name.translated) for name in names]
        return np.array(
            [
                [sum(by_topic.get(topic, 0.0) for topic in meaning.topics) for meaning in meanings]
                for by_topic in evidence
            ],
            dtype=np.float32,
        )

    def _new_label_set(self, labels: tuple[str, ...]) -> _LabelSet:
        meanings = self._meanings.of(labels)
        texts = [*chain(*(meaning.texts for meaning in meanings))]
        near = []
        start = 0
        for meaning in meanings:
            own = range(start, start + len(meaning.texts))
            examples = chain(*(self._places[topic] for topic in meaning.topics))
            places = [*own, *(len(texts) + place for place in examples)]
            near.append(np.array(places, dtype=np.intp))
            start = own.stop
        return _LabelSet(meanings, self._embedder.embed(texts), near)


def _nearness(similarity: Vectors) -> Vectors:
    """Return each row's weighted mean of the greatest similarities, shape (len(similarity),)."""
    weights = _WEIGHTS[: similarity.shape[1]]
    nearest = np.sort(similarity, axis=1)[:, ::-1][:, : len(weights)]
    near: Vectors = nearest @ (weights / weights.sum())
    return near


def _softmax(similarity: Vectors, meanings: Sequence[Meaning]) -> Scores:
    """Turn similarities of shape (names, labels) into scores."""
    known = all(meaning.known for meaning in meanings)
    temperature = _TEMPERATURE if known else _VAGUE_TEMPERATURE
    scaled = (similarity - similarity.max(axis=1, keepdims=True)) / temperature
    weights: Scores = np.exp(scaled.astype(np.float64))
    scores: Scores = weights / weights.sum(axis=1, keepdims=True)
    return scores
