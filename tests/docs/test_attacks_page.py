"""docs/attacks.md names a test for every attack, and every test of an attack."""

import ast

from shared.local.checkout import ROOT
from tests.docs.pages import codes, text_of


def named() -> dict[str, set[str]]:
    """Return the tests of the page by file, and fail for a row without any."""
    found: dict[str, set[str]] = {}
    rows = [line for line in text_of("docs/attacks.md").splitlines() if line.startswith("| ")]
    for row in rows:
        *_, last = row.strip("| ").split(" | ")
        if last in ("tests", "---"):
            continue
        tests = [code.split("::") for code in codes(last)]
        assert tests, row
        for file, test in tests:
            found.setdefault(file, set()).add(test)
    return found


def names_of_tests(file: str) -> set[str]:
    """Return the names of the tests of a file."""
    nodes = ast.walk(ast.parse((ROOT / file).read_text()))
    return {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_every_test_that_is_named_exists() -> None:
    """A row whose test was renamed or deleted promises what nobody checks."""
    missing = {file: tests - names_of_tests(file) for file, tests in named().items()}

    assert {file: tests for file, tests in missing.items() if tests} == {}


def test_every_attack_is_on_the_page() -> None:
    """Whoever adds a test of an attack describes the attack."""
    page = named()
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "tests/attacks").rglob("test_*.py")]
    missing = {file: names_of_tests(file) - page.get(file, set()) for file in files}

    assert len(files) >= 10
    assert {file: tests for file, tests in missing.items() if tests} == {}
