"""bin/dev-full passes the right arguments to Compose, and says where to look."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from tests.config.files import FILES, published_ports

pytestmark = pytest.mark.slow

BOTH = "<compose>" + "".join(f"<-f><{name}>" for name in FILES)


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """Folder with a `docker` that writes its arguments to `asked` and starts nothing."""
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\nprintf "<%s>" "$@" >> {tmp_path}/asked\necho >> {tmp_path}/asked\n'
    )
    program.chmod(0o755)
    return tmp_path


def test_it_starts_both_files_and_says_where_to_look(docker: Path) -> None:
    """The command waits until front, workers and dashboards are healthy."""
    done = _dev_full(f"{docker}:{os.environ['PATH']}")
    _, start, wait = (docker / "asked").read_text().splitlines()

    assert done.returncode == 0, done.stderr
    assert start == f"{BOTH}<up><--build><--detach>"
    assert wait.startswith(f"{BOTH}<up><--detach><--no-deps><--wait><api>")
    assert "http://localhost:3001/d/service-overview" in done.stdout


def test_it_starts_the_app_with_its_profile(docker: Path) -> None:
    """Compose reads the profiles itself; a missing checkout of the app is named before that."""
    path, profile = f"{docker}:{os.environ['PATH']}", "observability,elixir"
    done = _dev_full(path, COMPOSE_PROFILES=profile, GROCERY_PLANNER_PATH=str(docker))
    missing = _dev_full(path, COMPOSE_PROFILES=profile, GROCERY_PLANNER_PATH="/nowhere")

    assert "http://localhost:4000 " in done.stdout
    assert "localhost:4000" not in _dev_full(path).stdout
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "there is no /nowhere. Set GROCERY_PLANNER_PATH." in missing.stderr


def test_it_passes_its_arguments_on_to_compose(docker: Path) -> None:
    """An argument with a space stays one argument."""
    done = _dev_full(f"{docker}:{os.environ['PATH']}", "exec", "api", "echo", "two words")

    assert (done.returncode, done.stdout) == (0, "")
    asked = (docker / "asked").read_text().splitlines()
    assert asked[1:] == [f"{BOTH}<exec><api><echo><two words>"]


def test_it_stops_the_app_as_well(docker: Path) -> None:
    """Compose leaves the containers of a profile that is not on, and then also their network."""
    _dev_full(f"{docker}:{os.environ['PATH']}", "down", "--volumes")

    asked = (docker / "asked").read_text().splitlines()
    assert asked[1:] == [f"{BOTH}<--profile><*><down><--volumes>"]


def test_without_docker_it_says_what_to_do(tmp_path: Path) -> None:
    for tool in ("dirname", "cat"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    done = _dev_full(str(tmp_path))

    assert done.returncode == 1
    assert "bin/dev " in done.stderr


def test_it_names_every_port_and_dashboard_of_the_stack() -> None:
    text = (ROOT / "bin/dev-full").read_text()
    named = set(re.findall(r"(?:localhost|, ):(\d+)", text))
    dashboards = {path.stem for path in (ROOT / "config/grafana/dashboards").glob("*.json")}

    # People do not open the port on which Tempo receives spans.
    assert named == {port.split(":")[1] for port in published_ports()} - {"4317"}
    assert set(re.findall(r"3001/d/([\w-]+)", text)) == dashboards


def _dev_full(path: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-eu", ROOT / "bin/dev-full", *arguments],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
