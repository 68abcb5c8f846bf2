"""The command line as people run it: the installed program in a process of its own."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from worker.cli.main import main

PROGRAM = Path(sys.executable).with_name("grocery-ai")

# What the commands without processes import, most of it when they run.
_IMPORTED = ("worker.cli.commands", "worker.cli.diagnosis.examination", "shared.client")

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


@pytest.fixture
def forked_ai(tmp_path: Path) -> Run:
    """Return the same function for the commands that start no process.

    Each run is a process too, but a fork of one that has imported the program, which spares a
    second for each. That `grocery-ai` starts by itself is shown where `grocery_ai` is used.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__, *_IMPORTED])

    def run(
        *arguments: str | Path, stdin: str = "", cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        streams = tmp_path / uuid4().hex
        streams.mkdir()
        (streams / "0").write_text(stdin)
        variables = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **env}
        called = [str(PROGRAM), *map(str, arguments)]
        process = forks.Process(target=_called, args=(called, variables, cwd, streams))
        process.start()
        process.join()
        code = process.exitcode
        assert code is not None
        return subprocess.CompletedProcess(
            called, code, (streams / "1").read_text(), (streams / "2").read_text()
        )

    return run


def _called(called: list[str], env: dict[str, str], cwd: Path | None, streams: Path) -> None:
    """Do what the program does, with arguments, variables, and a file for each standard stream."""
    if cwd:
        os.chdir(cwd)
    sys.stdin = (streams / "0").open()
    for number in (1, 2):
        os.dup2(os.open(streams / str(number), os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = called
    main()
