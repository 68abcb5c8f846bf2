"""The workflows, Dependabot's configuration, the pre-commit hook and the issue forms are valid."""

import os
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml

from shared.local.checkout import ROOT

GITHUB = ROOT / ".github"


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", "workflows/*.yml"),
        ("vendor.dependabot", "dependabot.yml"),
    ],
)
@pytest.mark.slow
def test_files_follow_the_schemas_of_github(schema: str, files: str) -> None:
    paths = sorted(GITHUB.glob(files))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)

    assert paths
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_supported_python_is_tested() -> None:
    """CI runs the versions from `requires-python` to the newest release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = _jobs("ci")["tests"]["strategy"]["matrix"]["python"]

    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={pythons[0]}"
    assert {"check", "tests", "package"} == _jobs("ci").keys()


def test_the_integration_workflow_tests_the_elixir_client_with_every_library() -> None:
    """The libraries are those that the project of the matrix knows, and each is in some job."""
    matrix = _jobs("integration")["elixir-client"]["strategy"]["matrix"]["include"]
    project = (ROOT / "clients/elixir/integration/mix.exs").read_text()
    known = set(re.findall(r'"(\w+)" => \[\{:', project))
    run = {library for job in matrix for library in job["libraries"].split(",")}

    assert run == known == {"req", "jason", "telemetry", "opentelemetry"}
    # 1.18 has JSON, and OTP 27 has :json.
    assert {job["elixir"] for job in matrix} == {"1.14", "1.17", "1.18"}


@pytest.mark.parametrize("name", ["ci", "containers", "integration", "nightly", "supply-chain"])
def test_scripts_of_workflows_can_be_run(name: str) -> None:
    """Steps run from the root of the checkout."""
    steps = [step for job in _jobs(name).values() for step in job["steps"]]
    scripts = re.findall(r"(?:\.ci|bin)/[\w-]+", " ".join(step.get("run", "") for step in steps))

    assert scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_the_hook_runs_bin_check() -> None:
    """The hook checks the whole repository, since the types of one file depend on others."""
    ((hook,),) = (
        repo["hooks"]
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    )

    assert hook["entry"] == "bin/check"
    assert not hook["pass_filenames"]


def test_fields_of_issue_forms_have_ids_and_labels() -> None:
    """The ids within a form differ."""
    for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")):
        form = yaml.safe_load(path.read_text())
        if path.name == "config.yml":
            continue
        ids = [field["id"] for field in form["body"]]
        assert {"name", "description", "body"} <= form.keys()
        assert len(ids) == len(set(ids))
        assert all(field["attributes"]["label"] for field in form["body"])


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load((GITHUB / f"workflows/{name}.yml").read_text())["jobs"]
    return jobs
