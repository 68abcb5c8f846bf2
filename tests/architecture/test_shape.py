"""Rules for the size of files, functions and folders, and for modules, each with its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

from shared.local.checkout import ROOT
from tests.architecture.sources import PACKAGES, SOURCES, module_name, parse

FOLDERS = sorted(
    {path.parent for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")}
)
LONGEST_FUNCTION = 60


def test_files_have_one_job() -> None:
    """A file that needs headings should be two files."""
    assert _longer_than(250, SOURCES) == []


def test_tests_are_short_enough_to_read() -> None:
    """Tests get more room, for tables of cases."""
    assert _longer_than(350, sorted((ROOT / "tests").rglob("*.py"))) == []


def test_folders_are_by_matter() -> None:
    """A newcomer should see at a glance what is in a folder; a longer list holds two matters."""
    assert [folder for folder in FOLDERS if len(list(folder.glob("*.py"))) > 14] == []


def test_importing_does_nothing() -> None:
    """Modules define and entry points act, or else a test that imports one gets side effects."""
    acting = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        if path.name not in ("__main__.py", "env.py")
        for node in parse(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]

    assert acting == []


def test_everything_public_has_a_docstring() -> None:
    assert [place for path in SOURCES for place in _without_docstring(path)] == []


def _without_docstring(path: Path) -> Iterator[str]:
    """Yield the places of a module and its public definitions that have no docstring."""
    tree = parse(path)
    if not ast.get_docstring(tree):
        yield f"{path}:1"
    for node in _public(tree):
        if not ast.get_docstring(node):
            yield f"{path}:{node.lineno}"


def _public(tree: ast.AST) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public definitions of a tree, except those within functions."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                if not name.startswith("_"):
                    yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _public(node)


def _longer_than(lines: int, paths: list[Path]) -> list[Path]:
    return [path for path in paths if len(path.read_text().splitlines()) > lines]


def test_functions_fit_on_a_screen() -> None:
    """A longer function does more than its name says."""
    too_long = [
        f"{module_name(path)}.{node.name}"
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert too_long == []
