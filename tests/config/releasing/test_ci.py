"""Continuous integration fails where a command of it does."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

COMMANDS = ("setup", "test", "test-integration")


@pytest.mark.slow
@pytest.mark.parametrize("shell", [[], ["bash"]], ids=["by itself", "by a shell"])
def test_nothing_runs_after_a_command_that_failed(tmp_path: Path, shell: list[str]) -> None:
    """A shell that is named ignores the options on the script's first line."""
    for folder in (".ci", "bin", "programs"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    for command in COMMANDS:
        code = 3 if command == "test" else 0
        _write_script(tmp_path / "bin" / command, f"echo ran {command}; exit {code}")
    # Nothing is missing, so nothing is installed on this machine.
    for program in re.findall(r"command -v (\S+)", (ROOT / ".ci/run").read_text()):
        _write_script(tmp_path / "programs" / program, "exit 0")
    done = subprocess.run(
        [*shell, tmp_path / ".ci/run"],
        env={**os.environ, "PATH": f"{tmp_path / 'programs'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert done.stdout.splitlines()[-2:] == ["ran setup", "ran test"]


def _write_script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
