"""The multilingual model: which names it scores, how, and what a machine without it does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared.contracts.categories import COMMON_LABELS
from shared.contracts.service.components import ClassifierKind, MultilingualUse
from worker.pipeline.knowledge.groceries import load_grocery
from worker.pipeline.meaning.configured_models import load_models
from worker.pipeline.meaning.models.ports import Classifier
from worker.pipeline.meaning.multilingual.embedder import MultilingualEmbedder, shortcoming
from worker.pipeline.meaning.multilingual.topics import load_topic_model

LABELS = [*COMMON_LABELS]

pytestmark = pytest.mark.skipif(shortcoming() is not None, reason=str(shortcoming()))


@pytest.fixture(scope="module")
def embedder() -> MultilingualEmbedder:
    """Return the model, loaded once."""
    return MultilingualEmbedder()


@pytest.fixture(scope="module")
def default() -> Classifier:
    """Return the classifier that knows one language."""
    kind = ClassifierKind.EMBEDDING
    return load_models(kind, "", "all-MiniLM-L6-v2", MultilingualUse.OFF).classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Return the classifier of the default settings."""
    return load_models(ClassifierKind.EMBEDDING, "", "all-MiniLM-L6-v2").classifier


def best(classifier: Classifier, name: str, labels: list[str]) -> str:
    """Return the best label."""
    (row,) = classifier.score([name], labels)
    return labels[int(row.argmax())]


def test_other_names_keep_their_scores(classifier: Classifier, default: Classifier) -> None:
    """Known words are scored as without the model, also beside a foreign name."""
    names = ["whole milk", "Vollkornbrot", "Toblerone", "ORG WHL MLK", "Humboldt Fog", "123"]
    together = classifier.score([*names, "свинско месо"], LABELS)

    assert np.allclose(together[:-1], default.score(names, LABELS), atol=1e-6)
    assert not np.allclose(together[-1], default.score(["свинско месо"], LABELS)[0], atol=1e-2)


def test_labels_that_nothing_knows_mean_what_they_say(classifier: Classifier) -> None:
    """Names in English, too, are compared with labels of a language without listed words."""
    labels = ["Плодове и зеленчуци", "Млечни изделия", "Риба и месо", "Перилни препарати"]
    names = (
        "orange", "milk", "beef steak", "dish soap",
        "грозде", "кашкавал", "свинско месо", "прах за пране",
    )  # fmt: skip
    found = [best(classifier, name, labels) for name in names]

    assert sum(label == right for label, right in zip(found, labels * 2, strict=True)) >= 6


def test_the_version_names_both_models(classifier: Classifier, default: Classifier) -> None:
    """A result shows whether the multilingual model was there."""
    assert classifier.model_id == default.model_id
    assert classifier.model_version.startswith(default.model_version)
    assert "multilingual-e5-small" in classifier.model_version
    assert "multilingual" not in default.model_version


def test_what_was_learnt_fits_the_knowledge_and_the_model() -> None:
    """`bin/learn-topics` has run since a topic was renamed or the package upgraded."""
    learnt = load_topic_model()

    assert set(learnt.topics) == set(load_grocery().topics)
    assert learnt.model == MultilingualEmbedder().model_version


def test_any_text_has_a_vector(embedder: MultilingualEmbedder) -> None:
    """Vectors have length one, whoever shares the call; a ligature may stand for 18 letters."""
    texts = ["milk", "", "\0", "\ud800", "\ufdfa" * 300, "x" * 10_000, "🥛", "牛奶" * 300]
    vectors = embedder.embed(texts, batch_size=3)

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.allclose(embedder.embed([text])[0], vector, atol=1e-5)
    assert embedder.embed([]).shape == (0, 384)


@pytest.mark.slow
def test_the_model_takes_one_thread_and_writes_nothing(tmp_path: Path) -> None:
    """The package could start a thread for each core, and none of ours knows what it does."""
    script = """
import os
from worker.pipeline.meaning.multilingual.embedder import MultilingualEmbedder
import numpy
before = len(os.listdir("/proc/self/task"))
MultilingualEmbedder().embed(["mleko"] * 40)
assert len(os.listdir("/proc/self/task")) == before
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "HOME": str(tmp_path)},
    )  # fmt: skip

    assert [*tmp_path.iterdir()] == []
