"""Chooses the model by the language of a name: the default one, or one of many languages."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from worker.pipeline.meaning.groceries.categories import LabelMeanings, Meaning
from worker.pipeline.meaning.groceries.known_groceries import load_phrases
from worker.pipeline.meaning.groceries.written_out import written_out
from worker.pipeline.meaning.models.asks import Ask, by_labels
from worker.pipeline.meaning.models.ports import Classifier, Row, Scores
from worker.pipeline.meaning.multilingual.embedder import MultilingualEmbedder, known_version
from worker.pipeline.meaning.multilingual.topics import TopicModel, label_scores, load_topic_model
from worker.pipeline.words.comparing import comparable


class _Loaded(NamedTuple):
    embedder: MultilingualEmbedder
    topics: TopicModel


class ByLanguageClassifier:
    """A `Classifier` of names in any language.

    The default one answers, but names in languages that it does not know, and all names if it does
    not know half of the labels, are scored by the multilingual model. That is loaded with the first
    such name.
    """

    def __init__(
        self, default: Classifier, meanings: LabelMeanings, knows: Callable[[str], bool]
    ) -> None:
        """`knows` says whether the default model has a word in its vocabulary.

        The caller has asked `shortcoming` whether the multilingual model runs on this machine.
        """
        self._default = default
        self._meanings = meanings
        self._knows = knows
        self._phrases = load_phrases()
        self._loading = Lock()
        self._loaded: _Loaded | None = None
        self.names_at_once = default.names_at_once
        self.calls_at_once = default.calls_at_once

    @property
    def model_id(self) -> str:
        """Name of the default model."""
        return self._default.model_id

    @property
    def model_version(self) -> str:
        """Version of the default model and of the one for other languages."""
        other = f"{MultilingualEmbedder.model_id} {known_version()}"
        return f"{self._default.model_version}, other languages {other}"

    def score(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        """Score by the model for each name; see `Classifier.score`."""
        shared = tuple(labels)
        rows = self.score_each([Ask(name, shared) for name in names])
        return np.array(rows, dtype=np.float64).reshape(len(names), len(labels))

    def score_each(self, asks: Sequence[Ask]) -> Sequence[Row]:
        """Score names that may have different labels; see `Classifier.score_each`."""
        rows: dict[int, Row] = {}
        foreign = [
            position
            for labels, positions in by_labels(asks)
            for position in self._foreign(asks, labels, positions)
        ]
        others = sorted({*range(len(asks))} - {*foreign})
        if others:
            scored = self._default.score_each([asks[position] for position in others])
            rows.update(zip(others, scored, strict=True))
        for labels, within in by_labels([asks[position] for position in foreign]):
            places = [foreign[place] for place in within]
            scores = self._foreign_scores([asks[place].name for place in places], labels)
            rows.update(zip(places, scores, strict=True))
        return [rows[position] for position in range(len(asks))]

    def _foreign(
        self, asks: Sequence[Ask], labels: Sequence[str], positions: Sequence[int]
    ) -> Sequence[int]:
        """Return the positions, of asks with these labels, that the default model does not know."""
        unknown = sum(map(self._is_foreign_label, self._meanings.of(labels)))
        if 2 * unknown >= len(labels):
            return positions
        return [position for position in positions if self._is_foreign(asks[position].name)]

    def _foreign_scores(self, names: Sequence[str], labels: Sequence[str]) -> Scores:
        embedder, topics = self._models()
        meanings = self._meanings.of(labels)
        return label_scores(topics, embedder.embed(names), meanings, embedder.embed)

    def _models(self) -> _Loaded:
        with self._loading:
            if self._loaded is None:
                self._loaded = _Loaded(MultilingualEmbedder(), load_topic_model())
            return self._loaded

    def _is_foreign(self, name: str) -> bool:
        """Whether a name has no known thing or brand, and half of its letters are in words that
        the default model does not know either."""
        written = written_out(name).text
        return self._is_unknown(written) and not self._phrases.evidence(written)

    def _is_foreign_label(self, meaning: Meaning) -> bool:
        return not meaning.known and self._is_unknown(" ".join(meaning.texts))

    def _is_unknown(self, text: str) -> bool:
        words = [word for word in comparable(text) if word.isalpha()]
        unknown = [word for word in words if not (word.isascii() and self._knows(word))]
        return bool(words) and 2 * sum(map(len, unknown)) >= sum(map(len, words))
