"""The reloader of the development image starts a program again, and writes nothing but JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

pytestmark = pytest.mark.slow

RELOAD = ROOT / "config/reload.py"
PROGRAM = """
import json, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))
print(json.dumps({{"message": "started {code}"}}), flush=True)
signal.pause()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a program that says its version, which is also its exit code."""
    (tmp_path / "program").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "program/__main__.py").write_text(PROGRAM.format(code=0))
    return tmp_path


@pytest.fixture
def reloader(source: Path) -> Iterator["subprocess.Popen[str]"]:
    """The reloader, which runs the program."""
    with subprocess.Popen(
        [sys.executable, RELOAD, "program"],
        cwd=source,
        # A bytecode file would be taken for that of a source changed within the same second.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_changed_file_starts_the_program_again(
    source: Path, reloader: "subprocess.Popen[str]"
) -> None:
    """SIGTERM ends the program in order, and its exit code is that of the container."""
    assert _next(reloader) == "started 0"
    (source / "program/__main__.py").write_text(PROGRAM.format(code=7))
    assert _next(reloader) == "reload.changed"
    assert _next(reloader) == "started 7"
    reloader.terminate()

    assert reloader.communicate(timeout=20)[0] == ""
    assert reloader.returncode == 7


def _next(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    return str(line["message"])
