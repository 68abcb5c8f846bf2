"""Builds the package `grocery_planner_ai` from the modules of `shared` that the client imports.

Whatever the client imports, directly or not, comes along under its own name with `shared` replaced,
so a project with a folder `shared` of its own can use it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE, SOURCE = "grocery_planner_ai", "shared"
# The package that is public, and a module that pytest imports.
ROOTS = ("shared.client", "shared.pytest_plugin")
# `shared` as the first part of a module's name or of a path, in code and in prose.
_NAME = re.compile(r"(?<![\w./])shared(?=[./]\w| import )")


class CustomBuildHook(BuildHookInterface[Any]):
    """The hook that hatchling calls around the build of the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package into a folder that goes into the wheel."""
        here = Path(self.root)
        self._folder = Path(mkdtemp(prefix=f"{PACKAGE}-"))
        own = here / PACKAGE / "__init__.py"
        (self._folder / "__init__.py").write_text(own.read_text())
        (self._folder / "py.typed").touch()
        for path, text in modules(here.parents[1]).items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        build_data["force_include"][str(self._folder)] = PACKAGE
        # Otherwise the name of the wheel depends on whether hatchling sees files that it selected.
        build_data["pure_python"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        rmtree(self._folder)


def modules(checkout: Path) -> dict[Path, str]:
    """Return the text of every module of the package, by its path below the package.

    The package's own `__init__` and `py.typed` are not among them.
    """
    found: dict[Path, str] = {}
    waiting = list(ROOTS)
    while waiting:
        path = _file(checkout, waiting.pop())
        if path is None or path.relative_to(checkout / SOURCE) in found:
            continue
        text = path.read_text()
        inside = path.relative_to(checkout / SOURCE)
        if inside != Path("__init__.py"):
            found[inside] = _NAME.sub(PACKAGE, text)
            waiting += _imported(ast.parse(text))
            waiting += _packages(inside)
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield every name of ours that a module imports; some are no modules."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == SOURCE)


def _packages(inside: Path) -> Iterator[str]:
    """Yield the packages around a module."""
    for parent in inside.parents:
        if parent.parts:
            yield ".".join((SOURCE, *parent.parts))


def _file(checkout: Path, name: str) -> Path | None:
    """Return the file of a module or package, or None if the name is another thing."""
    base = checkout.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)
