"""A process that does not end by itself is ended, and its log says what it waited for."""

import json
import subprocess
import sys

import pytest

from shared.local.checkout import ROOT
from shared.process.ending import CUT_OFF


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "field", "culprit"),
    [
        ("task", "tasks", "stubborn: _refuse, in "),
        ("loop", "threads", "MainThread: Condition.wait "),
        ("thread", "threads", "stubborn: Condition.wait "),
    ],
)
def test_a_process_that_does_not_end_is_cut_off(how: str, field: str, culprit: str) -> None:
    """One task or one thread would keep everything else waiting for ever."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.processes.unending", how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    (line,) = map(json.loads, done.stdout.splitlines())
    assert done.returncode == CUT_OFF, done.stderr
    assert (line["message"], line["level"]) == ("test.cut_off", "error")
    assert any(entry.startswith(culprit) for entry in line[field]), line[field]
