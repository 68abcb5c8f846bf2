"""The glossary is complete, the files it names exist, and the words it replaced are gone."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from api.metrics.front import SubmissionOutcome
from shared.contracts.components import ClassifierKind, Component, OcrEngineName
from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
VOCABULARIES: list[type[StrEnum]] = [
    AttemptOutcome,
    ClassifierKind,
    Component,
    ErrorClass,
    Feature,
    JobStatus,
    OcrEngineName,
    Queue,
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
SEARCHED = ("api", "config", "docs", "shared", "tests", "worker", "README.md")


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.__name__)
def test_the_glossary_has_every_value(vocabulary: type[StrEnum]) -> None:
    """People meet the values in labels, columns and answers, and look them up."""
    assert [value for value in vocabulary if f"`{value}`" not in GLOSSARY] == []


def test_the_glossary_has_each_word_once() -> None:
    """Words are in alphabetical order within a section, so that they can be found."""
    sections = [
        [row[0] for row in rows]
        for section in GLOSSARY.split("\n## ")
        if (rows := _rows(section, columns=4, heading="word"))
    ]
    words = [word for section in sections for word in section]

    assert len(words) > 40
    assert len(words) == len(set(words))
    assert sections == [sorted(section) for section in sections]


def test_the_files_that_the_glossary_names_exist() -> None:
    places = [
        row[3].strip("`")
        for section in GLOSSARY.split("\n## ")
        for row in _rows(section, columns=4, heading="word")
    ]

    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_glossary_says_how_each_outcome_is_recorded() -> None:
    section = GLOSSARY.split("### How an attempt ends")[1].split("\n## ")[0]
    recorded = {row[0].strip("`"): row[3] for row in _rows(section, columns=4, heading="outcome")}

    assert set(recorded) == set(AttemptOutcome)
    for outcome in AttemptOutcome:
        if outcome.recorded is None:
            assert recorded[outcome].startswith("not recorded")
        else:
            assert recorded[outcome].startswith(f"`{outcome.recorded}`")


@pytest.mark.parametrize("word", REPLACED)
def test_replaced_words_are_gone(word: str) -> None:
    """Two words for one thing read as two things, in code, rules, dashboards and documentation."""
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
    """Return the rows of the table in `section` whose first column has the heading, cell by
    cell."""
    table = section.partition(f"| {heading} |")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines()[2:] if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == columns for row in rows), rows
    return rows
