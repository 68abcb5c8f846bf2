"""The command line as people run it: the installed program in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("grocery-ai")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def grocery_ai() -> Run:
    """Return a function that runs `grocery-ai` with arguments, stdin, a folder and variables."""

    def run(
        *arguments: str | Path, stdin: str = "", cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **env},
        )

    return run
