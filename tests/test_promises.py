"""The changelog and the locks agree with pyproject.toml."""

import re
import tomllib
from importlib.metadata import version
from typing import Any

from shared.local.checkout import ROOT


def test_the_changelog_knows_this_version() -> None:
    """The installed version is that of pyproject.toml."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "## Unreleased" in changelog
    assert version("grocery-planner-ai") == _project()["version"]


def test_every_dependency_is_locked() -> None:
    """Each lock has every dependency that is installed from it."""
    project = _project()
    extras = project["optional-dependencies"]
    runtime = [*project["dependencies"], *extras["build"]]
    default = [*runtime, *extras["local"], *extras["dev"]]

    assert _names(default) - {project["name"]} <= _locked("requirements.lock")
    assert _names(runtime) <= _locked("requirements-runtime.lock")
    # pip takes the build of torch that suits the machine.
    ml = _locked("requirements-ml.lock") | _locked("requirements.lock")
    assert _names(extras["ml"]) - {"torch"} <= ml
    assert extras.keys() == {"build", "local", "dev", "ml"}


def test_the_ml_extra_changes_no_locked_version() -> None:
    """Its lock only adds packages, so the default engines run the same with and without it."""
    assert not _locked("requirements-ml.lock") & _locked("requirements.lock")


def test_the_image_has_the_versions_that_were_tested() -> None:
    """Every pin in the lock of the image is also in the lock of the tests."""
    assert _pins("requirements-runtime.lock") <= _pins("requirements.lock")


def test_no_lock_holds_a_package_that_only_reports() -> None:
    """If an engine needs such a package, opt out as docs/stack.md, Nobody phones home, says."""
    locks = ("requirements.lock", "requirements-ml.lock", "requirements-runtime.lock")

    assert not {"openvino-telemetry"} & set().union(*map(_locked, locks))


def _pins(lock: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / lock).read_text(), re.M))


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for requirement in requirements}


def _locked(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.M))


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project
