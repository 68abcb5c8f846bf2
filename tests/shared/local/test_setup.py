"""bin/setup after a move of the checkout and without a network, and every command's --help."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from shared.local.moved_venv import repair_scripts

SCRIPT = "import sys; print(sys.prefix)\n"


@pytest.mark.parametrize("name", ["moved", "my grocery äpp", "x" * 140])
def test_scripts_of_a_venv_that_was_moved_run_again(tmp_path: Path, name: str) -> None:
    """Scripts run after each move, even back. Those of other programs are left alone."""
    venv = _venv(tmp_path / "before/.venv")
    for moved in (tmp_path / name, tmp_path / "before"):
        venv.parent.rename(moved)
        venv = moved / ".venv"
        repair_scripts(venv)

        done = subprocess.run([venv / "bin/script"], capture_output=True, text=True, check=True)
        assert Path(done.stdout.strip()) == venv
    assert (venv / "bin/other").read_text() == "#!/bin/sh\necho python\n"


def _venv(venv: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (venv / "bin/script").write_text(f"#!{venv}/bin/python\n{SCRIPT}")
    (venv / "bin/other").write_text("#!/bin/sh\necho python\n")
    (venv / "bin/script").chmod(0o755)
    return venv


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that bin/setup needs and an incomplete .venv, in a folder with a space."""
    copy = tmp_path / "my app"
    (copy / "bin").mkdir(parents=True)
    (copy / ".venv/bin").mkdir(parents=True)
    (copy / ".venv/bin/python").symlink_to(sys.executable)
    for name in ("bin/setup", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_a_setup_without_network_says_so(checkout: Path) -> None:
    """The last line blames the network and not the first package that is missing.

    The incomplete .venv does not count as installed.
    """
    nobody = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [checkout / "bin/setup"],
        env={**os.environ, **nobody, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("bin/setup: No package index answers. Check network")
    assert len(done.stderr.splitlines()) <= 10
    assert not (checkout / ".venv/.installed").exists()


# These pass their arguments on, so only a first --help is their own.
PASSING_ON = ("dev-full", "lock", "migrate", "test")


@pytest.mark.parametrize("command", sorted(path.name for path in (ROOT / "bin").iterdir()))
def test_every_command_says_what_it_is_for(command: str, tmp_path: Path) -> None:
    """Every command answers --help, after other arguments too, before it sets anything up."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    before = [] if command in PASSING_ON else ["--json"]
    done = subprocess.run(
        [tmp_path / "bin" / command, *before, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: bin/{command}")
    assert not (tmp_path / ".venv").exists()
