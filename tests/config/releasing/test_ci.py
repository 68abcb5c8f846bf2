"""Continuous integration fails where a command of it does."""

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
    for folder in (".ci", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    for command in COMMANDS:
        script = tmp_path / "bin" / command
        failing = f"#!/bin/sh\necho ran {command}\nexit {3 if command == 'test' else 0}\n"
        script.write_text(failing)
        script.chmod(0o755)
    done = subprocess.run(
        [*shell, tmp_path / ".ci/run"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert done.stdout.splitlines()[-2:] == ["ran setup", "ran test"]
