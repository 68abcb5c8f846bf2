"""bin/dev-full passes the right arguments to Compose, and says where to look."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from shared.local.checkout import ROOT
from tests.config.files import FILES, content, published_ports

pytestmark = pytest.mark.slow

BOTH = "<compose>" + "".join(f"<-f><{name}>" for name in FILES)


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """Folder with a `docker` that writes its arguments to `asked` and starts nothing.

    It can pull no image whose service is named in UNPULLABLE.
    """
    program = tmp_path / "docker"
    program.write_text(f"""#!/bin/sh
printf "<%s>" "$@" >> {tmp_path}/asked
echo >> {tmp_path}/asked
case "$*" in
    *" -f - "*) cat > {tmp_path}/override ;;
esac
case "$*" in
    *" pull "*) for name in ${{UNPULLABLE:-}}; do case "$*" in *" $name"*) exit 18 ;; esac done ;;
    *config) printf "services:\\n  $UNPULLABLE:\\n    image: some/image:1\\n" ;;
esac
""")
    program.chmod(0o755)
    return tmp_path


def test_it_starts_both_files_and_says_where_to_look(docker: Path) -> None:
    """The command waits until front, workers and dashboards are healthy."""
    done = _dev_full(f"{docker}:{os.environ['PATH']}")
    _, pull, start, wait = (docker / "asked").read_text().splitlines()

    assert done.returncode == 0, done.stderr
    assert pull.startswith(f"{BOTH}<pull><--quiet><--policy><missing><postgres><redis><prom")
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


def test_a_missing_image_is_named_and_the_rest_starts_without_it(docker: Path) -> None:
    """The message has the command that goes on; the stack cannot do without Redis."""
    path = f"{docker}:{os.environ['PATH']}"
    away = _dev_full(path, "--without", "loki", UNPULLABLE="grafana")
    without = _dev_full(path, "--without", "grafana", "--without", "loki", UNPULLABLE="grafana")
    override = yaml.safe_load((docker / "override").read_text())
    redis = _dev_full(path, UNPULLABLE="redis")
    unknown = _dev_full(path, "--without", "redis")

    assert (away.returncode, away.stdout) == (1, "")
    assert away.stderr.splitlines()[-2:] == [
        "The image of grafana could not be pulled: some/image:1",
        "To go on without: bin/dev-full --without loki --without grafana",
    ]
    assert without.returncode == 0, without.stderr
    assert override == {
        "services": {name: {"profiles": ["left-out"]} for name in ("grafana", "loki")}
    }
    assert "3001" not in without.stdout
    assert redis.returncode == 1
    assert redis.stderr.endswith("The stack cannot do without it.\n")
    assert unknown.returncode == 2


def test_the_services_beside_ours_can_be_left_out() -> None:
    (optional,) = re.findall(r'^optional="(.+)"$', (ROOT / "bin/dev-full").read_text(), re.M)

    assert set(optional.split()) == content(FILES[1])["services"].keys()


def test_every_command_has_the_same_token(docker: Path) -> None:
    """Compose creates a container again whose environment differs."""
    program = docker / "docker"
    program.write_text(program.read_text() + f'echo "$TIDEWAVE_TOKEN" >> {docker}/tokens\n')
    path = f"{docker}:{os.environ['PATH']}"
    for arguments in ((), (), ("up", "--detach", "--scale", "worker-items=3")):
        assert _dev_full(path, *arguments).returncode == 0
    tokens = set((docker / "tokens").read_text().split())

    assert len(tokens) == 1
    assert re.fullmatch("[0-9a-f]{32}", tokens.pop())


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


def test_what_the_containers_may_not_read_is_named_before_anything_starts(
    docker: Path, tmp_path: Path
) -> None:
    """Prometheus and Postgres read their files as users of their own, as our containers do."""
    checkout = tmp_path / "checkout"
    for folder in ("bin", "api", "shared", "worker", "config/prometheus"):
        (checkout / folder).mkdir(parents=True)
    shutil.copy(ROOT / "bin/dev-full", checkout / "bin")
    rules = checkout / "config/prometheus/prometheus.yml"
    rules.touch(mode=0o600)
    path = f"{docker}:{os.environ['PATH']}"
    done = _dev_full(path, checkout=checkout)

    assert (done.returncode, done.stdout) == (1, "")
    assert "may not read config/prometheus/prometheus.yml. Allow it: chmod" in done.stderr
    rules.chmod(0o644)
    assert _dev_full(path, checkout=checkout).returncode == 0


def test_it_names_every_port_and_dashboard_of_the_stack() -> None:
    text = (ROOT / "bin/dev-full").read_text()
    named = set(re.findall(r"(?:localhost|, ):(\d+)", text))
    dashboards = {path.stem for path in (ROOT / "config/grafana/dashboards").glob("*.json")}

    # People do not open the port on which Tempo receives spans.
    assert named == {port.split(":")[1] for port in published_ports()} - {"4317"}
    assert set(re.findall(r"3001/d/([\w-]+)", text)) == dashboards


def _dev_full(
    path: str, *arguments: str, checkout: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-eu", checkout / "bin/dev-full", *arguments],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
