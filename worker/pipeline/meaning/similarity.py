"""Zero-shot categorisation by similarity: a name belongs to the label whose meaning is nearest."""

from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock

import numpy as np

from worker.pipeline.abbreviations import load_abbreviations
from worker.pipeline.meaning.categories import LabelMeanings, Meaning
from worker.pipeline.meaning.foreign_words import load_foreign_words
from worker.pipeline.meaning.lexicon import load_phrases, load_shortened
from worker.pipeline.meaning.ports import Embedder, Scores, Vectors

# How much the nearest texts of a label count, the nearest first: one may be near by accident, but a
# name that is among the texts belongs to them.
_WEIGHTS = np.array([0.5, 0.3, 0.2], dtype=np.float32)
# Sharpness of the softmax over similarities: with a lead of 0.1 over one other label, a label
# scores 0.90. Set so that 0.8 is right nine times in ten.
_TEMPERATURE = 0.045
# How much the wording of a name counts beside its similarity, at most.
_WORDING = 0.18
# Where a label means no more than its name, similarities tell less.
_VAGUE_TEMPERATURE = 0.075
# Labels' own texts whose vectors are kept; an app uses a few sets of about ten.
_KEPT_TEXTS = 2048


class SimilarityClassifier:
    """Scores names with the vectors of any embedder; implements `Classifier`."""

    def __init__(self, embedder: Embedder, meanings: LabelMeanings) -> None:
        self._embedder = embedder
        self._meanings = meanings
        self._phrases = load_phrases()
        self._topic_vectors = cache(self._embed_topic)
        self._text_vectors = lru_cache(_KEPT_TEXTS)(self._embed_texts)
        self._lock = Lock()

    @property
    def model_id(self) -> str:
        """Name of the model behind the scores."""
        return self._embedder.model_id

    @property
    def model_version(self) -> str:
        """Version of the model and of the way it is used."""
        return f"{self._embedder.model_version}, nearest-{len(_WEIGHTS)}"

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """See Classifier.score: a softmax over the similarities to what the labels mean."""
        meanings = self._meanings.of(labels)
        with self._lock:
            of_labels = [self._vectors(meaning) for meaning in meanings]
        written = [_expanded(name) for name in names]
        vectors = self._embedder.embed(written)
        similarity = np.stack([_nearness(vectors, texts) for texts in of_labels], axis=1)
        similarity += _WORDING * self._wording(written, meanings)
        temperature = _TEMPERATURE if all(one.known for one in meanings) else _VAGUE_TEMPERATURE
        scaled = (similarity - similarity.max(axis=1, keepdims=True)) / temperature
        weights: Scores = np.exp(scaled.astype(np.float64))
        scores: Scores = weights / weights.sum(axis=1, keepdims=True)
        return scores

    def _wording(self, names: Sequence[str], meanings: Sequence[Meaning]) -> Vectors:
        """How much the words of each name speak for each label, 0..1: (names, labels)."""
        evidence = [self._phrases.evidence(name) for name in names]
        return np.array(
            [
                [sum(of.get(topic, 0.0) for topic in meaning.topics) for meaning in meanings]
                for of in evidence
            ],
            dtype=np.float32,
        ).reshape(len(names), len(meanings))

    def _vectors(self, meaning: Meaning) -> Vectors:
        topics = [self._topic_vectors(topic) for topic in meaning.topics]
        return np.concatenate([self._text_vectors(meaning.texts), *topics])

    def _embed_texts(self, texts: tuple[str, ...]) -> Vectors:
        return self._embedder.embed(texts)

    def _embed_topic(self, topic: str) -> Vectors:
        return self._embedder.embed(self._meanings.examples(topic))


def _expanded(name: str) -> str:
    english = load_foreign_words().in_english(load_abbreviations().expand(name))
    return load_shortened().written_out(english)


def _nearness(vectors: Vectors, texts: Vectors) -> Vectors:
    similarity = vectors @ texts.T
    weights = _WEIGHTS[: similarity.shape[1]]
    nearest = np.sort(similarity, axis=1)[:, ::-1][:, : len(weights)]
    near: Vectors = nearest @ (weights / weights.sum())
    return near
