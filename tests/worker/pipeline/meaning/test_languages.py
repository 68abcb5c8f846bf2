"""Names and labels in languages that the default model does not know."""

import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from shared.contracts.categories import COMMON_LABELS, confidence_level
from shared.contracts.service.components import ClassifierKind
from worker.pipeline.meaning.configured_models import load_models
from worker.pipeline.meaning.models.ports import Classifier
from worker.pipeline.meaning.multilingual.embedder import shortcoming

KNOWN = tomllib.loads((Path(__file__).parent / "languages.toml").read_text())


class Answer(NamedTuple):
    """What a name is, and what it was taken for."""

    name: str
    right: str
    found: str
    score: float


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Return the classifier of the default settings."""
    return load_models(ClassifierKind.EMBEDDING, "", "all-MiniLM-L6-v2").classifier


def names_of(table: str) -> dict[str, str]:
    """Return the names of a table, in all its languages, with their labels."""
    return {name: label for known in KNOWN[table].values() for name, label in known.items()}


def answers(classifier: Classifier, names: dict[str, str], labels: list[str]) -> list[Answer]:
    """Categorise the keys of `names`, whose values are the right labels."""
    rows = classifier.score([*names], labels)
    return [
        Answer(name, right, labels[row.argmax()], row.max())
        for (name, right), row in zip(names.items(), rows, strict=True)
    ]


def wrong(found: list[Answer]) -> list[Answer]:
    """Return the answers that are not right."""
    return [answer for answer in found if answer.found != answer.right]


def high(found: list[Answer]) -> list[Answer]:
    """Return the answers whose confidence is `high`."""
    return [answer for answer in found if confidence_level(answer.score) == "high"]


def test_names_of_other_languages_get_common_labels(classifier: Classifier) -> None:
    """At least 35 of the 50 names are right, and 95 % of those that are called `high`."""
    found = answers(classifier, names_of("names"), [*COMMON_LABELS])

    assert len(found) == 50
    assert len(wrong(found)) <= 15, wrong(found)
    assert len(wrong(high(found))) <= 0.05 * len(high(found)), wrong(high(found))


@pytest.mark.skipif(shortcoming() is not None, reason=str(shortcoming()))
def test_languages_without_listed_words_are_understood(classifier: Classifier) -> None:
    """At least 18 of the 25 names are right, of which the default model gets 5 right."""
    found = answers(classifier, names_of("unlisted"), [*COMMON_LABELS])

    assert len(found) == 25
    assert len(wrong(found)) <= 7, wrong(found)
    assert len(wrong(high(found))) <= 1, wrong(high(found))


def test_users_have_labels_of_their_own_language(classifier: Classifier) -> None:
    """At least 14 of the 20 names are right, and at most one that is called `high` is not."""
    found = [
        answer
        for own in KNOWN["own"].values()
        for answer in answers(classifier, own["names"], own["labels"])
    ]

    assert len(found) == 20
    assert len(wrong(found)) <= 6, wrong(found)
    assert len(wrong(high(found))) <= 1, wrong(high(found))
