"""The changelog and the locks agree with the project."""

import re
import tomllib
from importlib.metadata import version
from typing import Any

from shared.local.stack import ROOT


def test_the_installed_version_is_the_declared_one() -> None:
    """The changelog also has a place for what comes next."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "## Unreleased" in changelog
    assert version("grocery-planner-ai") == _project()["version"]


def test_every_dependency_is_locked() -> None:
    """bin/setup and the image install only what the locks name."""
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


def test_the_ml_extra_moves_nothing() -> None:
    """The lock of the extra only adds packages, so the default engines run the same without it."""
    assert not _locked("requirements-ml.lock") & _locked("requirements.lock")


def test_an_image_runs_what_the_tests_ran() -> None:
    """The lock of the image has the same versions as the lock of the tests."""
    assert _pins("requirements-runtime.lock") <= _pins("requirements.lock")


def test_no_lock_holds_a_package_that_only_reports() -> None:
    """An engine that depends on such a package has to opt out: see docs/stack.md, Nobody phones
    home."""
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
