"""Prose keeps those rules of CONTRIBUTING.md that a program can check."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from shared.local.checkout import ROOT

_FOLDERS = (".github", "api", "bin", "config", "docs", "shared", "tests", "worker")
# In these files, text after a # is a comment.
_WITH_COMMENTS = (".env", ".sh", ".toml", ".yaml", ".yml", "")
# CONTRIBUTING.md quotes what it forbids.
_QUOTATION = re.compile(r'"[^"\n]*(?:\n[^"\n]*)?"')

# What starts a sentence: the text, the end of another one, a cell of a table or a list's item.
_START = r"(?:^|(?<=[.!?:] )|(?<=\| )|(?<=^- ))"
_WORDS = {
    "fronted Of": rf"{_START}Of (?!course\b)",
    "in parts of": r"\bin parts of\b",
    "likewise": r"\b[Ll]ikewise\b",
    # But not in the path of a file.
    "tells": r"(?<!/)\b[Tt]ell(?:s|ing)?\b|\btold\b",
    "of equals": r"\bof equals\b",
    "of 255": r"\bof 255\b",
    "what of them": r"\bwhat of them\b",
}
# Docstrings that begin like this continue the name above them, and say nothing without it.
_CONTINUES = re.compile(
    r"(?:Its?|They|Them|Theirs?|These|Such|And|But|So|Otherwise|Also|Nor) "
    r"|(?:This|That) (?:holds|includes|is|shows) |Each (?:has|is) |All of them |Neither is "
    r"|As (?:it|they|\w+ does)\b"
)


class Text(NamedTuple):
    """A docstring, a comment of one or more lines, or a paragraph of a page."""

    place: str
    text: str


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def _docstrings(path: Path) -> Iterator[Text]:
    for node in _nodes(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield Text(f"{_relative(path)}:{node.body[0].lineno}", text)


def _comments(path: Path) -> Iterator[Text]:
    """Yield the comments of a Python file. Those on lines that follow each other are one text."""
    found: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            found.append((token.start[0], token.string))
    yield from _joined(path, found)


def _comments_by_line(path: Path) -> Iterator[Text]:
    """Yield the comments of a file that is not Python, where they are on lines of their own."""
    lines = enumerate(path.read_text().splitlines(), 1)
    found = [(number, line.strip()) for number, line in lines if line.strip().startswith("#")]
    yield from _joined(path, found)


def _joined(path: Path, comments: list[tuple[int, str]]) -> Iterator[Text]:
    first, before, words = 0, -1, ""
    for number, comment in comments:
        text = comment.lstrip("#!").strip()
        if number == before + 1:
            words = f"{words} {text}"
        else:
            if words:
                yield Text(f"{_relative(path)}:{first}", words)
            first, words = number, text
        before = number
    if words:
        yield Text(f"{_relative(path)}:{first}", words)


def _paragraphs(path: Path) -> Iterator[Text]:
    number = 1
    for paragraph in path.read_text().split("\n\n"):
        yield Text(f"{_relative(path)}:{number}", _QUOTATION.sub('""', paragraph))
        number += paragraph.count("\n") + 2


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _files() -> list[Path]:
    places = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*")]
    clients = ROOT.glob("clients/*/*.md")
    top = [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml", ".yml")]
    return sorted(
        path for path in (*places, *clients, *top) if path.is_file() and path != Path(__file__)
    )


def _python() -> list[Path]:
    return [path for path in _files() if path.suffix == ".py"]


@cache
def _all_docstrings() -> list[Text]:
    return [text for path in _python() for text in _docstrings(path)]


@cache
def _all_texts() -> list[Text]:
    texts = [*_all_docstrings()]
    for path in _files():
        if path.suffix == ".py":
            texts.extend(_comments(path))
        elif path.suffix == ".md":
            texts.extend(_paragraphs(path))
        elif path.suffix in _WITH_COMMENTS and path.name != "LICENSE":
            texts.extend(_comments_by_line(path))
    return texts


@pytest.mark.parametrize("pattern", _WORDS.values(), ids=_WORDS)
def test_words_that_puzzle_are_gone(pattern: str) -> None:
    """CONTRIBUTING.md says what to write in their place."""
    regex = re.compile(pattern, re.MULTILINE)

    assert [place for place, text in _all_texts() if regex.search(_flat(text))] == []


def test_docstrings_are_sentences_of_their_own() -> None:
    """A docstring with no other word, or that begins with a pronoun, needs the name above it."""
    continuing = [
        place
        for place, text in _all_docstrings()
        if len(text.split()) == 1 or _CONTINUES.match(_flat(text))
    ]

    assert continuing == []


def test_no_variable_is_called_one() -> None:
    """A variable is named after what it holds."""
    called_one = [
        f"{_relative(path)}:{node.lineno}"
        for path in _python()
        for node in _nodes(path)
        if (isinstance(node, ast.Name) and node.id == "one")
        or (isinstance(node, ast.arg) and node.arg == "one")
    ]

    assert called_one == []


def test_the_rules_find_what_they_forbid() -> None:
    """A pattern with a mistake would find nothing, and pass."""
    bad = {
        "fronted Of": "A date is certain. Of a time it is lower.",
        "in parts of": "The margin, in parts of the height.",
        "likewise": "Likewise.",
        "tells": "The row tells which worker has it.",
        "of equals": "The first of equals wins.",
        "of 255": "A level of 255 values.",
        "what of them": "Metrics; what of them is read at a scrape.",
    }

    assert bad.keys() == _WORDS.keys()
    assert [name for name, text in bad.items() if not re.search(_WORDS[name], text)] == []
    assert _CONTINUES.match("It came round, or begins.")
    assert _CONTINUES.match("As it is kept on disk.")


@cache
def _flat(text: str) -> str:
    """Join the wrapped lines of each paragraph, list item and row of a table."""
    return re.sub(r"\n(?!\n|\s*[-|*] ?)\s*", " ", text)
