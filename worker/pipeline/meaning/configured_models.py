"""Loads the models of the items queue that the settings name."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from shared.contracts.service.components import ClassifierKind, MultilingualUse
from shared.pipeline_settings import PipelineSettings
from worker.pipeline.meaning.groceries.known_groceries import load_meanings
from worker.pipeline.meaning.groceries.written_out import load_words
from worker.pipeline.meaning.models.kept_vectors import embed_kept
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder
from worker.pipeline.meaning.models.ports import Classifier, Embedder
from worker.pipeline.meaning.models.sentence_embedder import SentenceEmbedder
from worker.pipeline.meaning.models.zero_shot import ZeroShotClassifier
from worker.pipeline.meaning.multilingual.by_language import ByLanguageClassifier
from worker.pipeline.meaning.multilingual.embedder import shortcoming
from worker.pipeline.meaning.similarity import SimilarityClassifier


class Models(NamedTuple):
    """The two models of the items queue, loaded."""

    embedder: Embedder
    classifier: Classifier


def load_models(
    classifier: ClassifierKind,
    classification_model: str,
    embedding_model: str,
    multilingual: MultilingualUse = MultilingualUse.AUTO,
) -> Models:
    """Load the models of CLASSIFIER, CLASSIFICATION_MODEL, EMBEDDING_MODEL and MULTILINGUAL_MODEL.

    This takes half a second, or as long as a download. Raises EngineUnavailable.
    """
    if classifier == ClassifierKind.ZERO_SHOT:
        return Models(_embedder(embedding_model), ZeroShotClassifier(classification_model))
    with ThreadPoolExecutor(1) as beside:
        loading = beside.submit(_embedder, embedding_model)
        load_words()
        embedder = loading.result()
    meanings = load_meanings()
    if not isinstance(embedder, OnnxEmbedder):
        return Models(embedder, SimilarityClassifier(embedder, meanings))
    # Only the built-in model's vectors are kept: another model may change under the same name.
    default = SimilarityClassifier(embedder, meanings, partial(embed_kept, embedder))
    if multilingual == MultilingualUse.OFF or shortcoming():
        return Models(embedder, default)
    return Models(embedder, ByLanguageClassifier(default, meanings, embedder.knows))


def lacking_multilingual_model(settings: PipelineSettings) -> str | None:
    """Return why the multilingual model, which the settings ask for, is not used, or None."""
    asked = (
        settings.classifier == ClassifierKind.EMBEDDING
        and settings.embedding_model == OnnxEmbedder.model_id
        and settings.multilingual_model == MultilingualUse.AUTO
    )
    return shortcoming() if asked else None


def _embedder(model: str) -> Embedder:
    if model == OnnxEmbedder.model_id:
        return OnnxEmbedder()
    return SentenceEmbedder(model)
