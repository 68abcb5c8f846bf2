"""A run of the tests says what is not installed, or fails where every test is required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.stack import ROOT
from tests.support.plugins.left_out import PACKAGES

NEEDY = """
import pytest

@pytest.mark.needs_program("tesseract")
def test_it():
    raise RuntimeError("it ran")
"""


def run(folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the test above with our plugin alone, on a PATH without any program."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_needy.py").write_text(NEEDY)
    plugin = "tests.support.plugins.left_out"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", plugin, "-p", "no:cacheprovider", "-rs"],
        cwd=folder,
        env={**os.environ, "PATH": "/nowhere", "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_program_is_named_with_its_package(tmp_path: Path) -> None:
    done = run(tmp_path, REQUIRE_ALL_TESTS="")

    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert line.endswith("tesseract is not installed: apt-get install tesseract-ocr")


def test_a_skipped_test_fails_where_every_test_is_required(tmp_path: Path) -> None:
    """CI installs what tests need, and a test that is skipped there proves nothing."""
    done = run(tmp_path, REQUIRE_ALL_TESTS="1")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "apt-get install tesseract-ocr" in done.stdout


def test_ci_requires_every_test_and_installs_every_program() -> None:
    script = (ROOT / ".ci/run").read_text()

    assert "export REQUIRE_ALL_TESTS=1" in script
    assert set(PACKAGES.values()) <= set(script.replace('"', " ").split())
