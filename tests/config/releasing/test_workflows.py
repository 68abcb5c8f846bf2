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
WORKFLOWS = sorted(path.stem for path in (GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"[ -]+uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# What a job may write, by its workflow and name. Every other may at most read the repository.
WRITES = {
    "release/packages": {"id-token", "attestations"},
    "release/image": {"id-token", "attestations", "packages"},
    "release/index": {"id-token"},
    "release/notes": {"contents"},
}


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


@pytest.mark.parametrize("name", WORKFLOWS)
def test_scripts_of_workflows_can_be_run(name: str) -> None:
    """Steps run from the root of the checkout."""
    scripts = re.findall(
        r"(?:\.ci|bin)/[\w.-]+", " ".join(step.get("run", "") for step in _steps(name))
    )

    assert scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_to_a_commit(name: str) -> None:
    """A tag can be moved to other code. Dependabot reads the version from the comment."""
    lines = (GITHUB / f"workflows/{name}.yml").read_text().splitlines()
    used = [line for line in lines if "uses:" in line]

    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_has_no_more_rights_than_it_needs(name: str) -> None:
    """A job may write only what is listed, and leaves no credentials for what it runs."""
    workflow = _workflow(name)
    for job, content in workflow["jobs"].items():
        rights = content.get("permissions", workflow["permissions"])
        writes = {right for right, level in rights.items() if level == "write"}
        assert writes == WRITES.get(f"{name}/{job}", set()), job
        assert 0 < content["timeout-minutes"] <= 120, job
    checkouts = [step for step in _steps(name) if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_nothing_that_a_stranger_wrote(name: str) -> None:
    """Values reach a script as environment variables, which a shell does not read as code.

    No workflow runs the code of a pull request with the rights of this repository, and none has a
    secret that would have to be kept.
    """
    text = (GITHUB / f"workflows/{name}.yml").read_text()

    assert [step["run"] for step in _steps(name) if "${{" in step.get("run", "")] == []
    assert "pull_request_target" not in text
    assert "secrets." not in text


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_that_runs_earlier_code_has_its_commits(name: str) -> None:
    """`tests/upgrade/BEFORE` names commits that a shallow checkout leaves out."""
    for job, content in _jobs(name).items():
        runs = " ".join(step.get("run", "") for step in content["steps"])
        if re.search(r"\.ci/run\b|bin/(chaos|test)(?![-\w])", runs):
            (checkout,) = [step for step in content["steps"] if "checkout@" in step.get("uses", "")]
            assert checkout["with"].get("fetch-depth") == 0, job


def test_a_release_is_published_after_everything_was_checked() -> None:
    """Packages and images are built with the version of the tag, and then published."""
    workflow = _workflow("release")
    jobs = workflow["jobs"]
    text = (GITHUB / "workflows/release.yml").read_text()

    # YAML reads the key `on` as true.
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    assert workflow["permissions"] == {}
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "check": None,
        "packages": "check",
        "image": ["check", "packages"],
        "index": ["packages", "image"],
        "notes": "index",
    }
    version = "${{ needs.check.outputs.version }}"
    assert jobs["packages"]["env"]["GROCERY_AI_VERSION"] == version
    assert jobs["image"]["env"]["VERSION"] == version
    stages = re.findall(r"^FROM .* AS (\w+)$", (ROOT / "config/Dockerfile").read_text(), re.M)
    targets = {image["target"] for image in jobs["image"]["strategy"]["matrix"]["include"]}
    assert targets == {"production", "ml"} & set(stages)
    for command in (".ci/release.py", "bin/pin-images --check", ".ci/run", ".ci/supply-chain"):
        assert f"run: {command}" in text
    assert "cosign sign --yes" in text
    assert "password:" not in text.split("\n  index:")[1]


def test_the_image_of_a_release_gets_all_that_its_labels_say() -> None:
    """What the last job downloads are files of ours: build records are none."""
    dockerfile = (ROOT / "config/Dockerfile").read_text()
    job = _jobs("release")["image"]
    (build,) = [step["with"] for step in job["steps"] if step.get("id") == "build"]
    passed = {line.partition("=")[0] for line in build["build-args"].splitlines()}

    assert passed == set(
        re.findall(r"\b([A-Z_]+)=", "".join(re.findall(r"^ARG .*$", dockerfile, re.M)))
    )
    assert job["env"]["DOCKER_BUILD_RECORD_UPLOAD"] == "false"


def test_dependabot_looks_at_folders_that_exist() -> None:
    """Packages, actions, images, and the programs of the tests are each updated."""
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]

    assert {update["package-ecosystem"] for update in updates} == {
        *("pip", "github-actions", "docker", "docker-compose", "npm", "mix"),
    }
    folders = [
        folder
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    ]
    assert all((ROOT / folder.strip("/")).is_dir() for folder in folders)


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


def _workflow(name: str) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load((GITHUB / f"workflows/{name}.yml").read_text())
    return workflow


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = _workflow(name)["jobs"]
    return jobs


def _steps(name: str) -> list[dict[str, Any]]:
    return [step for job in _jobs(name).values() for step in job["steps"]]
