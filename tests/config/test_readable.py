"""A container of the development stack names a file of the checkout that its user cannot read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

pytestmark = pytest.mark.slow

# Root can read everything unless it loses its rights.
_WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkout with one module."""
    for folder in ("api", "shared", "worker"):
        (tmp_path / folder).mkdir()
    (tmp_path / "api/main.py").write_text("")
    return tmp_path


def run(source: Path) -> subprocess.CompletedProcess[str]:
    """Run a command there as the development image does."""
    return subprocess.run(
        [*_WITHOUT_RIGHTS, sys.executable, ROOT / "config/readable.py", "echo", "ran"],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_runs_if_its_source_can_be_read(source: Path) -> None:
    """The process that started becomes the command, and so gets the signals of the container."""
    assert run(source).stdout == "ran\n"


@pytest.mark.parametrize("closed", ["api", "api/main.py"])
def test_a_source_that_cannot_be_read_is_named(source: Path, closed: str) -> None:
    """Python alone would say: No module named api."""
    (source / closed).chmod(0)
    done = run(source)
    (source / closed).chmod(0o755)

    assert (done.returncode, done.stderr) == (1, "")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["level"], line["message"]) == ("error", "source.unreadable")
    assert line["reason"].startswith(str(source / closed))
