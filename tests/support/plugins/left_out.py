"""Leaves out tests that need something which is not installed.

A test that needs a missing program is skipped, with one line that names the Debian package, and
the tests of the ml extra are not collected without it. If REQUIRE_ALL_TESTS is set, as in
`.ci/run`, every skipped test is a failure.
"""

import os
import shutil
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest

# The Debian package of each program that a test may need.
PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "chromium": "chromium",
    "git": "git",
    "mix": "elixir",
    "npm": "npm",
    "pgbouncer": "pgbouncer",
    "prometheus": "prometheus",
    "pg_ctlcluster": "postgresql",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "promtool": "prometheus",
    "redis-server": "redis-server",
    "strace": "strace",
    "tesseract": "tesseract-ocr",
}
# Tests that only a run of their own collects: those of the integration need a running service
# (bin/test-integration), those of the console a browser (bin/test --browser), and those of servers
# other servers than the embedded ones (bin/test --servers).
APART = tuple(Path(__file__).parents[2] / name for name in ("integration", "browser", "servers"))
# The folder of the tests of the ml extra.
ML = Path(__file__).parents[2] / "worker/ml"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker `needs_program`."""
    config.addinivalue_line("markers", "needs_program(name): skipped where it is not installed")


def pytest_report_header() -> str:
    """Say whether the tests of the ml extra run, since they are not counted as skipped."""
    if _has_ml():
        return "ml extra: installed, its tests are run"
    return "ml extra: not installed, tests/worker/ml is left out (bin/setup --ml installs it)"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests of the ml extra if it is not installed, and those with a run of their own
    unless an argument names them."""
    if collection_path in APART:
        named = [(config.invocation_params.dir / argument).resolve() for argument in config.args]
        return None if any(path.is_relative_to(collection_path) for path in named) else True
    left_out = not _has_ml() and not _all_are_required()
    return True if left_out and collection_path.is_relative_to(ML) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs a program that is not on the PATH."""
    for marker in item.iter_markers("needs_program"):
        (program,) = marker.args
        if program_path(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {PACKAGES[program]}")


def program_path(program: str) -> str | None:
    """Return where a program is, which may be where only root looks for programs."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure if every test is required."""
    report = yield
    if _all_are_required() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, and REQUIRE_ALL_TESTS is set: {_reason(report)}"
    return report


def _all_are_required() -> bool:
    return bool(os.environ.get("REQUIRE_ALL_TESTS"))


def _has_ml() -> bool:
    return find_spec("sentence_transformers") is not None


def _reason(report: pytest.TestReport) -> object:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
