"""What a test run reports if a program that a test needs is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from tests.support.plugins.left_out import PACKAGES

NEEDY = """
import pytest

@pytest.mark.needs_program("tesseract")
def test_it():
    raise RuntimeError("it ran")
"""


def run(folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run NEEDY with only our plugin, on a PATH without any program."""
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


@pytest.mark.slow
def test_a_missing_program_is_named_with_its_package(tmp_path: Path) -> None:
    """The test is skipped with one line that says what to install."""
    done = run(tmp_path, REQUIRE_ALL_TESTS="")

    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert line.endswith("tesseract is not installed: apt-get install tesseract-ocr")


@pytest.mark.slow
def test_a_missing_program_fails_the_run_if_every_test_is_required(tmp_path: Path) -> None:
    """CI installs every program, so a test that is skipped there is a mistake."""
    done = run(tmp_path, REQUIRE_ALL_TESTS="1")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "apt-get install tesseract-ocr" in done.stdout


def test_ci_requires_every_test() -> None:
    """CI also installs every program that a test may need."""
    script = (ROOT / ".ci/run").read_text()

    assert "export REQUIRE_ALL_TESTS=1" in script
    assert set(PACKAGES.values()) <= set(script.replace('"', " ").split())
