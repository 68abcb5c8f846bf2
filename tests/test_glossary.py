"""docs/glossary.md is complete, names files that exist, and the words it replaced are gone."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from api.metrics.front import SubmissionOutcome
from shared.access.scopes import Scope
from shared.contracts.callbacks import CallbackEvent, DeliveryState
from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.contracts.search.bulk import BulkAction, BulkState
from shared.contracts.service.components import ClassifierKind, Component, OcrEngineName
from shared.errors import ErrorClass
from shared.local.checkout import ROOT
from worker.telemetry.callback_metrics import DeliveryOutcome

GLOSSARY = (ROOT / "docs/glossary.md").read_text()
VOCABULARIES: list[type[StrEnum]] = [
    AttemptOutcome,
    BulkAction,
    BulkState,
    CallbackEvent,
    ClassifierKind,
    Component,
    DeliveryOutcome,
    DeliveryState,
    ErrorClass,
    Feature,
    JobStatus,
    OcrEngineName,
    Queue,
    Scope,
    SubmissionOutcome,
]
# Words that were replaced. Only the changelog may mention them.
REPLACED = (
    r"\bretrying\b",
    r"\blease_lost\b",
    r"result_dropped",
    r"outcome[^\n]{0,40}\blost\b",
    r"\bDispatcher\b",
    r"\bJobQueue\b",
    r"\bStageLog\b",
    r"\bAttemptLog\b",
    r"\bEngineReport\b",
    r"\bpatiently\b",
)
SEARCHED = ("api", "config", "docs", "shared", "tests", "worker", "CONTRIBUTING.md", "README.md")


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.__name__)
def test_the_glossary_has_every_value(vocabulary: type[StrEnum]) -> None:
    """A value that appears in a label, a column or an answer can be looked up."""
    assert [value for value in vocabulary if f"`{value}`" not in GLOSSARY] == []


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    """Each section is sorted, so that a word is easy to find."""
    sections = [
        [row[0] for row in rows]
        for section in GLOSSARY.split("\n## ")
        if (rows := _rows(section, columns=4, heading="word"))
    ]
    words = [word for section in sections for word in section]

    assert len(words) > 40
    assert len(words) == len(set(words))
    assert sections == [sorted(section) for section in sections]


def test_the_files_named_in_the_glossary_exist() -> None:
    """Whoever moves a file has to correct its entry."""
    places = [
        row[3].strip("`")
        for section in GLOSSARY.split("\n## ")
        for row in _rows(section, columns=4, heading="word")
    ]

    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_glossary_says_how_each_outcome_is_recorded() -> None:
    """The table agrees with `AttemptOutcome.recorded`."""
    section = GLOSSARY.split("### How an attempt ends")[1].split("\n## ")[0]
    documented = {row[0].strip("`"): row[3] for row in _rows(section, columns=4, heading="outcome")}

    assert set(documented) == set(AttemptOutcome)
    for outcome in AttemptOutcome:
        if outcome.recorded is None:
            assert documented[outcome].startswith("not recorded")
        else:
            assert documented[outcome].startswith(f"`{outcome.recorded}`")


@pytest.mark.parametrize("word", REPLACED)
def test_replaced_words_are_gone(word: str) -> None:
    """Code, rules, dashboards and documentation use only the new word."""
    found = [
        str(path.relative_to(ROOT))
        for path in _texts()
        if path != Path(__file__) and re.search(word, path.read_text())
    ]

    assert found == []


def _texts() -> Iterator[Path]:
    for name in SEARCHED:
        place = ROOT / name
        for path in place.rglob("*") if place.is_dir() else [place]:
            if path.is_file() and path.suffix in (".py", ".md", ".yml", ".yaml"):
                yield path
    yield from (ROOT / "config" / "grafana").rglob("*.json")
    yield from (path for path in (ROOT / "bin").iterdir() if path.is_file())


def _rows(section: str, *, columns: int, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column has the given heading."""
    table = section.partition(f"| {heading} |")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines()[2:] if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == columns for row in rows), rows
    return rows
