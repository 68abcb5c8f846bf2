"""bin/dev-full: what it tells Compose, and what it tells whoever started it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from shared.local.stack import ROOT
from tests.config.files import FILES, published_ports

BOTH = "<compose>" + "".join(f"<-f><{name}>" for name in FILES)


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A `docker` that writes down what it is asked for, and starts nothing."""
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\nprintf "<%s>" "$@" >> {tmp_path}/asked\necho >> {tmp_path}/asked\n'
    )
    program.chmod(0o755)
    return tmp_path


def test_it_starts_both_files_and_says_where_to_look(docker: Path) -> None:
    """Once front, workers and what shows them are well."""
    done = _dev_full(f"{docker}:{os.environ['PATH']}")
    _, start, wait = (docker / "asked").read_text().splitlines()

    assert done.returncode == 0, done.stderr
    assert start == f"{BOTH}<up><--build><--detach>"
    assert wait.startswith(f"{BOTH}<up><--detach><--no-deps><--wait><api>")
    assert "http://localhost:3001/d/service-overview" in done.stdout


def test_its_arguments_are_those_of_compose(docker: Path) -> None:
    """As they are, also those with a space in them."""
    done = _dev_full(f"{docker}:{os.environ['PATH']}", "exec", "api", "echo", "two words")

    assert (done.returncode, done.stdout) == (0, "")
    asked = (docker / "asked").read_text().splitlines()
    assert asked[1:] == [f"{BOTH}<exec><api><echo><two words>"]


def test_without_docker_it_says_what_to_do(tmp_path: Path) -> None:
    """And starts nothing."""
    for tool in ("dirname", "cat"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    done = _dev_full(str(tmp_path))

    assert done.returncode == 1
    assert "bin/dev " in done.stderr


def test_every_url_that_is_told_is_one_of_the_stack() -> None:
    """With the dashboards that there are."""
    text = (ROOT / "bin/dev-full").read_text()
    told = set(re.findall(r"(?:localhost|, ):(\d+)", text))
    dashboards = {path.stem for path in (ROOT / "config/grafana/dashboards").glob("*.json")}

    # Every one but Tempo's receiver, at which nobody looks.
    assert told == {port.split(":")[1] for port in published_ports()} - {"4317"}
    assert set(re.findall(r"3001/d/([\w-]+)", text)) == dashboards


def _dev_full(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-eu", ROOT / "bin/dev-full", *arguments],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
