"""Finds the source files of the three packages, and what they import."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from shared.local.checkout import ROOT

PACKAGES = ("api", "shared", "worker")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name by which Python imports a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = frozenset(map(module_name, SOURCES))


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of a file; it is cached, since several tests read it."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> Sequence[str]:
    """Return every module that a file imports, also within functions.

    `from x import y` adds `x.y`, and `x` as well unless `x.y` is a module of ours.
    """
    return list(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from modules
            # The package itself is used only if one of the names is no module.
            if not modules <= MODULES:
                yield node.module
