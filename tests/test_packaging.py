"""What the distribution declares: its dependencies, their locks, its types."""

import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import distribution, packages_distributions
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import PACKAGES, ROOT, SOURCES, imports, module_name

# Extras that a part of the three packages imports where it has been chosen; `dev` is for the tests,
# but for what api/debugging/tidewave.py looks for.
CHOSEN = ("local", "ml")
LOOKED_FOR = {"tidewave"}
# pip chooses the build of torch; the lock of the ml extra leaves it out.
LOCKS = {"requirements.lock": ("local", "dev", "build"), "requirements-runtime.lock": ("build",)}


def test_every_import_is_a_declared_dependency() -> None:
    """What another dependency happens to bring may be gone with its next release."""
    project = _project()
    extras = project["optional-dependencies"]
    declared = _names([*project["dependencies"], *(one for key in CHOSEN for one in extras[key])])
    providers = packages_distributions()

    undeclared = {
        f"{module_name(path)} imports {imported}"
        for path in SOURCES
        for imported in imports(path)
        if not _is_at_hand(imported) and not _provided(imported, declared | LOOKED_FOR, providers)
    }
    assert sorted(undeclared) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_versions_are_the_declared_ones(lock: str) -> None:
    """A range that was raised without bin/lock would be tested by nobody."""
    project = _project()
    wanted = [*project["dependencies"]]
    for extra in LOCKS[lock]:
        wanted += project["optional-dependencies"][extra]
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.M))

    requirements = [Requirement(one) for one in wanted]
    outside = [
        str(one)
        for one in requirements
        if one.name != project["name"]
        and not one.specifier.contains(pins[canonicalize_name(one.name)], prereleases=True)
    ]
    assert outside == []


@pytest.mark.parametrize("package", PACKAGES)
def test_types_are_part_of_the_package(package: str) -> None:
    """`py.typed` tells type checkers that they may believe the annotations."""
    assert (ROOT / package / "py.typed").read_text() == ""


def _is_at_hand(imported: str) -> bool:
    top = imported.partition(".")[0]
    return top in PACKAGES or top in sys.stdlib_module_names


def _provided(imported: str, declared: set[str], providers: Mapping[str, list[str]]) -> bool:
    """Whether a declared distribution holds the module. Some share their first name, as those of
    OpenTelemetry do: then the file that is imported decides."""
    top, dot, _ = imported.partition(".")
    names = {canonicalize_name(name) for name in providers.get(top, [top])}
    if len(names) > 1 and dot:
        names = {name for name in names if _holds(name, imported)}
    return bool(names & declared)


def _holds(name: str, imported: str) -> bool:
    """Whether a distribution has the module, or the one that defines the imported name."""
    files = {str(file) for file in distribution(name).files or ()}
    paths = [imported.replace(".", "/"), imported.rpartition(".")[0].replace(".", "/")]
    return any(f"{path}{end}" in files for path in paths for end in (".py", "/__init__.py"))


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project
