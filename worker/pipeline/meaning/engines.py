"""Picks and loads the engines that the settings name."""

from functools import partial
from typing import Literal, NamedTuple

from worker.pipeline.meaning.groceries.loading import load_meanings
from worker.pipeline.meaning.models.kept_vectors import embed_kept
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder
from worker.pipeline.meaning.models.ports import Classifier, Embedder
from worker.pipeline.meaning.models.sentence_embedder import SentenceEmbedder
from worker.pipeline.meaning.models.zero_shot import ZeroShotClassifier
from worker.pipeline.meaning.similarity import SimilarityClassifier


class Engines(NamedTuple):
    """Loaded and ready."""

    embedder: Embedder
    classifier: Classifier


def load_engines(
    classifier: Literal["embedding", "zero-shot"], classification_model: str, embedding_model: str
) -> Engines:
    """As in CLASSIFIER, CLASSIFICATION_MODEL and EMBEDDING_MODEL. Takes seconds, or as long as a
    download. Raises EngineUnavailable."""
    embedder = _embedder(embedding_model)
    if classifier == "zero-shot":
        return Engines(embedder, ZeroShotClassifier(classification_model))
    # Of another model nobody knows here whether it is still the same one.
    embed_known = partial(embed_kept, embedder) if isinstance(embedder, OnnxEmbedder) else None
    return Engines(embedder, SimilarityClassifier(embedder, load_meanings(), embed_known))


def _embedder(model: str) -> Embedder:
    if model == OnnxEmbedder.model_id:
        return OnnxEmbedder()
    return SentenceEmbedder(model)
