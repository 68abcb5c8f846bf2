"""A test that starts a process fails unless it is marked as slow."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT

TESTS = """
import asyncio, os, subprocess, sys
import pytest

COMMAND = [sys.executable, "-c", ""]

@pytest.fixture
def started():
    subprocess.run(COMMAND)

@pytest.fixture(scope="session")
def stopped():
    yield
    subprocess.run(COMMAND)

@pytest.mark.slow
def test_slow(started, stopped):
    subprocess.run(COMMAND)

def test_none():
    pass

def test_subprocess():
    subprocess.run(COMMAND)

def test_fixture(started):
    pass

def test_asyncio():
    asyncio.run(asyncio.create_subprocess_exec(*COMMAND))

def test_thread():
    asyncio.run(asyncio.to_thread(os.system, "true"))

def test_suppressed():
    try:
        os.posix_spawn(COMMAND[0], COMMAND, {})
    except Exception:
        pass

def test_last():
    pass
"""


@pytest.mark.slow
def test_only_slow_tests_may_start_processes(tmp_path: Path) -> None:
    """Processes that a fixture, a coroutine or a thread starts count too."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    (tmp_path / "test_them.py").write_text(TESTS)
    plugins = ("-p", "tests.support.plugins.processes", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", *plugins],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    # The session ends after the last test, and with it what a slow one has started.
    ends = dict(re.findall(r"::test_(\w+) (PASSED|FAILED|ERROR)", done.stdout))
    passed = {name for name, end in ends.items() if end == "PASSED"}
    assert len(ends) == 8, done.stdout
    assert passed == {"slow", "none", "last"}, done.stdout
    assert "This test starts a process (os.system" in done.stdout
