"""Zero-shot categorisation: a name belongs to the label whose meaning is nearest to it.

Nearness is that of an embedder's vectors, plus the words that the name shares with what belongs
to the label.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from threading import Lock

import numpy as np

from worker.pipeline.meaning.groceries.categories import LabelMeanings, Meaning
from worker.pipeline.meaning.groceries.known_groceries import load_phrases
from worker.pipeline.meaning.groceries.written_out import WrittenOut, written_out
from worker.pipeline.meaning.models.ports import Embedder, Scores, Vectors

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
# Number of labels whose own vectors are cached; an app uses a few sets of about ten.
_KEPT_TEXTS = 2048


class SimilarityClassifier:
    """A `Classifier` that works with the vectors of any embedder."""

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
        self._embed_known = embed_known or embedder.embed
        self._meanings = meanings
        self._phrases = load_phrases()
        self._topic_vectors = cache(self._embed_topic)
        self._text_vectors = lru_cache(_KEPT_TEXTS)(self._embed_texts)
        self._lock = Lock()

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
        meanings = self._meanings.of(labels)
        with self._lock:
            label_vectors = [self._vectors(meaning) for meaning in meanings]
        written = [written_out(name) for name in names]
        vectors = self._embedder.embed([name.text for name in written])
        similarity = np.stack([_nearness(vectors, texts) for texts in label_vectors], axis=1)
        similarity += _WORDING * self._wording(written, meanings)
        temperature = (
            _TEMPERATURE if all(meaning.known for meaning in meanings) else _VAGUE_TEMPERATURE
        )
        scaled = (similarity - similarity.max(axis=1, keepdims=True)) / temperature
        weights: Scores = np.exp(scaled.astype(np.float64))
        scores: Scores = weights / weights.sum(axis=1, keepdims=True)
        return scores

    def _wording(self, names: Sequence[WrittenOut], meanings: Sequence[Meaning]) -> Vectors:
        """Return how much the words of names speak for labels: 0..1, shape (names, labels)."""
        evidence = [self._phrases.evidence(name.text, name.translated) for name in names]
        return np.array(
            [
                [sum(by_topic.get(topic, 0.0) for topic in meaning.topics) for meaning in meanings]
                for by_topic in evidence
            ],
            dtype=np.float32,
        ).reshape(len(names), len(meanings))

    def _vectors(self, meaning: Meaning) -> Vectors:
        topics = [self._topic_vectors(topic) for topic in meaning.topics]
        return np.concatenate([self._text_vectors(meaning.texts), *topics])

    def _embed_texts(self, texts: tuple[str, ...]) -> Vectors:
        return self._embedder.embed(texts)

    def _embed_topic(self, topic: str) -> Vectors:
        return self._embed_known(self._meanings.examples(topic))


def _nearness(vectors: Vectors, texts: Vectors) -> Vectors:
    """Return each vector's weighted mean similarity to the nearest texts, shape (len(vectors),)."""
    similarity = vectors @ texts.T
    weights = _WEIGHTS[: similarity.shape[1]]
    nearest = np.sort(similarity, axis=1)[:, ::-1][:, : len(weights)]
    near: Vectors = nearest @ (weights / weights.sum())
    return near
