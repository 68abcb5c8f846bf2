"""Decides which tests are slow, which share a process, and which begin first."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

# A test that uses one of these fixtures needs a server, a model or a process, so it is slow.
SLOW_FIXTURES = {"servers", "system", "engine", "tesseract", "embedder", "grocery_ai"}
# Every test in these folders is slow. Other slow tests carry the marker themselves.
SLOW_FOLDERS = ("bench", "chaos", "shared/local", "upgrade", "worker/features", "worker/ml")

# Fixtures that start once per process and are expensive, so the tests that use one share a process.
SHARED_FIXTURES = ("system", "engine")
# Folders whose files share a process, since their imports take seconds.
SHARED_FOLDERS = ("worker/ml",)
# The longest groups begin first, or one process would end long after the others.
LONGEST_FIRST = ("system", "worker/ml", "shared/local", "chaos", "engine", "bench", "worker")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker `slow`, and keep xdist from sorting groups by their number of tests."""
    config.addinivalue_line(
        "markers", "slow: needs a server, a model or a process; `bin/test --quick` leaves it out"
    )
    if config.pluginmanager.has_plugin("xdist"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, give every test its group, and put the longest groups first."""
    groups = {}
    for item in items:
        if SLOW_FIXTURES.intersection(_fixtures(item)) or _folder(item, SLOW_FOLDERS):
            item.add_marker("slow")
        marker = item.get_closest_marker("xdist_group")
        groups[item] = str(marker.args[0]) if marker else _group(item)
        if marker is None:
            item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: _rank(groups[item]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remove the group that xdist appends to a test's name, so that the name can be copied."""
    test, at, group = report.nodeid.rpartition("@")
    if at and "]" not in group:
        report.nodeid = test


def _group(item: pytest.Item) -> str:
    """Return the group of a test, which one process runs: a shared fixture, a folder, or a file."""
    fixtures = _fixtures(item)
    shared = next((name for name in SHARED_FIXTURES if name in fixtures), None)
    return shared or _folder(item, SHARED_FOLDERS) or str(item.path.relative_to(TESTS))


def _fixtures(item: pytest.Item) -> list[str]:
    names: list[str] = getattr(item, "fixturenames", [])
    return names


def _folder(item: pytest.Item, folders: tuple[str, ...]) -> str | None:
    path = item.path.relative_to(TESTS)
    return next((folder for folder in folders if path.is_relative_to(folder)), None)


def _rank(group: str) -> int:
    """Return the place of a group in LONGEST_FIRST, or the length of that if it is not there."""
    ranks = (rank for rank, name in enumerate(LONGEST_FIRST) if group.startswith(name))
    return next(ranks, len(LONGEST_FIRST))
