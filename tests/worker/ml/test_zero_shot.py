"""The classifier of CLASSIFIER=zero-shot, with a tiny model that the tests make."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.worker.ml.models import NLI_LABELS, POSITIONS
from worker.pipeline.meaning.models.zero_shot import ZeroShotClassifier

NAMES = ["milk", "sourdough bread with seeds", "x", "dish soap"]
LABELS = ["Dairy", "Bakery", "Household & Cleaning", "{}"]


@pytest.fixture(scope="module")
def classifier(nli_folder: Path) -> ZeroShotClassifier:
    """Classifier that the tests of this module share."""
    return ZeroShotClassifier(str(nli_folder))


def test_scores_are_shares_of_entailment(classifier: ZeroShotClassifier, nli_folder: Path) -> None:
    """Scores are the softmax, over the labels, of the model's logits for "entailment". The test
    computes them pair by pair, without padding."""
    # Imported here because it takes seconds: see tests/worker/ml/models.py.
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(nli_folder)
    model = AutoModelForSequenceClassification.from_pretrained(nli_folder)

    def entailment(name: str, label: str) -> float:
        hypothesis = f"This grocery item belongs to the category {label}."
        with torch.inference_mode():
            logits = model(**tokenizer(name, hypothesis, return_tensors="pt")).logits[0]
        return float(logits[NLI_LABELS.index("entailment")])

    logits = np.array([[entailment(name, label) for label in LABELS] for name in NAMES])
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = classifier.score(NAMES, LABELS)

    assert scores.shape == (len(NAMES), len(LABELS))
    assert np.allclose(scores, expected, atol=1e-4)
    assert np.allclose(scores.sum(axis=1), 1)
    assert np.ptp(scores) > 0.1, "the scores hardly differ, so any order would pass"


def test_the_order_of_labels_changes_nothing(classifier: ZeroShotClassifier) -> None:
    """The pipeline sorts by score; ours are in the order of the request."""
    forward = classifier.score(NAMES, LABELS)
    backward = classifier.score(NAMES, LABELS[::-1])

    assert np.allclose(forward, backward[:, ::-1], atol=1e-5)


def test_a_single_label_scores_1_and_no_names_have_no_scores(
    classifier: ZeroShotClassifier,
) -> None:
    assert classifier.score(["milk", "soap"], ["Dairy"]).tolist() == [[1.0], [1.0]]
    assert classifier.score([], LABELS).shape == (0, len(LABELS))


def test_names_that_are_too_long_for_the_model_are_cut(classifier: ZeroShotClassifier) -> None:
    """The label is not cut."""
    long = "m " * POSITIONS
    scores = classifier.score([long, long + "n"], LABELS)

    assert np.allclose(scores[0], scores[1])
    assert np.ptp(scores[0]) > 0.001


def test_calls_at_the_same_time_do_not_mix(classifier: ZeroShotClassifier) -> None:
    """One model serves every slot of the worker."""
    calls = [([NAMES[n % 4] * (n % 7 + 1)], LABELS[: n % 3 + 2]) for n in range(24)]
    alone = [classifier.score(*call) for call in calls]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda call: classifier.score(*call), calls))

    for first, other in zip(alone, together, strict=True):
        assert np.allclose(first, other, atol=1e-6)


def test_the_model_id_is_the_end_of_its_path(
    classifier: ZeroShotClassifier, nli_folder: Path
) -> None:
    """Callers see which model it was, and not where it is stored."""
    assert classifier.model_id == f"{nli_folder.parent.name}/tiny-nli"
    assert classifier.model_version.startswith("transformers ")
