"""bin/test runs bin/check beside pytest, reports both, and leaves nothing running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from shared.local.checkout import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

PASSES = "def test_it(): pass"
FAILS = "def test_it(): assert not 'a chance'"
WAITS = """\
import pathlib, threading

def test_it():
    pathlib.Path("waits").touch()
    threading.Event().wait()
"""
# As bin/check does, starts a program and waits for it.
ENDLESS = "touch begun; tail -f /dev/null; true"


def start(folder: Path, test: str, check: str) -> "subprocess.Popen[str]":
    """Run both in a folder with one test and a bin/check whose body is `check`."""
    (folder / "bin").mkdir()
    (folder / "bin/check").write_text(f"#!/bin/sh\n{check}\n")
    (folder / "bin/check").chmod(0o755)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(test)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.beside_check", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("test", "check", "code", "end"),
    [
        (PASSES, "echo checked", 0, "checked\n"),
        (PASSES, "echo wrong; exit 3", 1, "wrong\nbin/check failed: its output is above.\n"),
        (FAILS, "echo checked", 1, "checked\n"),
    ],
    ids=["both pass", "the check fails", "a test fails"],
)
def test_a_run_fails_if_either_does(
    tmp_path: Path, test: str, check: str, code: int, end: str
) -> None:
    """The output of the check comes last, and a line says that it failed."""
    with start(tmp_path, test, check) as run:
        output, _ = run.communicate(timeout=60)

    assert run.returncode == code, output
    assert output.endswith(end)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopping_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    """A terminal sends Ctrl-C to the whole group; other programs send SIGTERM to one process."""
    with start(tmp_path, WAITS, ENDLESS) as run:
        await wait_until((tmp_path / "begun").exists, "bin/check began", within=60)
        await wait_until(lambda: len(_family(run.pid)) == 3, "everything ran", within=60)
        family = _family(run.pid)
        # Only while a test runs does pytest end at once and in order.
        await wait_until((tmp_path / "waits").exists, "the test ran", within=60)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        output, _ = run.communicate(timeout=60)

    assert run.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "beside_check.py" not in output  # no traceback of ours
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def _family(pid: int) -> list[psutil.Process]:
    """Return the check, what it runs, and pytest."""
    return psutil.Process(pid).children(recursive=True)
