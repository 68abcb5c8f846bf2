"""What the distribution declares: its dependencies, the locks, and its types."""

import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import distribution, packages_distributions, version
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.local.checkout import ROOT
from shared.version import NEXT
from tests.architecture.sources import PACKAGES, SOURCES, imports, module_name

# Extras that parts of the three packages import.
IMPORTED_EXTRAS = ("local", "ml")
# What api/debugging/tidewave.py and shared/pytest_plugin.py import of the dev extra, which
# nothing else outside tests does.
OPTIONAL = {"tidewave", "pytest"}
# The lock of the ml extra is missing, since it leaves out torch, whose build pip chooses.
LOCKS = {"requirements.lock": ("local", "dev", "build"), "requirements-runtime.lock": ()}


def test_every_import_is_a_declared_dependency() -> None:
    """A package that only another dependency brings may be gone with that one's next release."""
    project = _project()
    extras = project["optional-dependencies"]
    optional = [requirement for extra in IMPORTED_EXTRAS for requirement in extras[extra]]
    declared = _names([*project["dependencies"], *optional])
    providers = packages_distributions()

    undeclared = {
        f"{module_name(path)} imports {imported}"
        for path in SOURCES
        for imported in imports(path)
        if not _is_own_or_standard(imported)
        and not _provided(imported, declared | OPTIONAL, providers)
    }
    assert sorted(undeclared) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_versions_are_the_declared_ones(lock: str) -> None:
    """Whoever changes a range has to run bin/lock, or the tests would run other versions."""
    project = _project()
    wanted = [*project["dependencies"]]
    for extra in LOCKS[lock]:
        wanted += project["optional-dependencies"][extra]
    pins = _pins(lock)

    requirements = [Requirement(text) for text in wanted]
    outside = [
        str(requirement)
        for requirement in requirements
        if requirement.name != project["name"]
        and not requirement.specifier.contains(
            pins[canonicalize_name(requirement.name)], prereleases=True
        )
    ]
    assert outside == []


def test_a_checkout_has_the_development_version() -> None:
    """Metrics, traces and `/health` report the version that is installed."""
    assert version("grocery-planner-ai") == f"{NEXT}.dev0"


def test_every_dependency_is_locked() -> None:
    """Each lock has every dependency that is installed from it."""
    project = _project()
    extras = project["optional-dependencies"]
    runtime = project["dependencies"]
    default = [*runtime, *extras["build"], *extras["local"], *extras["dev"]]

    assert _names(default) - {project["name"]} <= _pins("requirements.lock").keys()
    assert _names(runtime) <= _pins("requirements-runtime.lock").keys()
    assert _names(extras["build"]) <= _pins("requirements-build.lock").keys()
    # pip takes the build of torch that suits the machine.
    ml = _pins("requirements-ml.lock").keys() | _pins("requirements.lock").keys()
    assert _names(extras["ml"]) - {"torch"} <= ml
    assert extras.keys() == {"build", "local", "dev", "ml"}


def test_the_ml_extra_changes_no_locked_version() -> None:
    """The lock of the extra only adds packages, so the default engines run the same with it."""
    assert _pins("requirements-ml.lock").keys().isdisjoint(_pins("requirements.lock"))


def test_the_browser_changes_no_locked_version() -> None:
    """The lock of the group only adds packages, so that the service runs the same beside it."""
    group = _names(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["browser"]
    )
    assert group <= _pins("requirements-browser.lock").keys()
    assert _pins("requirements-browser.lock").keys().isdisjoint(_pins("requirements.lock"))


@pytest.mark.parametrize("lock", ["requirements-runtime.lock", "requirements-build.lock"])
def test_the_image_has_the_versions_that_were_tested(lock: str) -> None:
    """Every pin in a lock of the image is also in the lock of the tests."""
    assert _pins(lock).items() <= _pins("requirements.lock").items()


def test_what_makes_the_wheel_is_not_in_the_image() -> None:
    """The image has the packages of one lock, and only its build those of the other."""
    assert _pins("requirements-build.lock").keys().isdisjoint(_pins("requirements-runtime.lock"))


def test_no_lock_holds_a_package_that_only_reports() -> None:
    """If an engine needs such a package, opt out as docs/stack.md, Nobody phones home, says."""
    locks = [path.name for path in ROOT.glob("requirements*.lock")]

    assert not {"openvino-telemetry"} & {name for lock in locks for name in _pins(lock)}


@pytest.mark.parametrize("package", PACKAGES)
def test_types_are_part_of_the_package(package: str) -> None:
    """Type checkers use the annotations of a package only if it has `py.typed`."""
    assert (ROOT / package / "py.typed").read_text() == ""


def _is_own_or_standard(imported: str) -> bool:
    top = imported.partition(".")[0]
    return top in PACKAGES or top in sys.stdlib_module_names


def _provided(imported: str, declared: set[str], providers: Mapping[str, list[str]]) -> bool:
    """Return whether a declared distribution has the module.

    If several distributions share the top-level package, as OpenTelemetry's do, the file decides.
    """
    top, dot, _ = imported.partition(".")
    names = {canonicalize_name(name) for name in providers.get(top, [top])}
    if len(names) > 1 and dot:
        names = {name for name in names if _holds(name, imported)}
    return bool(names & declared)


def _holds(name: str, imported: str) -> bool:
    """Return whether a distribution has the module, or the one that defines the imported name."""
    files = {str(file) for file in distribution(name).files or ()}
    paths = [imported.replace(".", "/"), imported.rpartition(".")[0].replace(".", "/")]
    return any(f"{path}{end}" in files for path in paths for end in (".py", "/__init__.py"))


def _pins(lock: str) -> dict[str, str]:
    """Return the locked version of each package."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.M))


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project
