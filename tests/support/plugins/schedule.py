"""Which tests are slow, which of them share a process, and which run first."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

# Whoever uses one of these needs a server, a model or a process of ours.
SLOW_FIXTURES = {"servers", "system", "engine", "grocery_ai"}
# What takes longest begins first, or one process would end long after the others. Each is the
# beginning of a group's name.
LONGEST_FIRST = (
    "system",
    "worker/ml",
    "chaos",
    "bench",
    "shared/local",
    "worker/features",
    "worker/pipeline/ocr",
    "worker/cli",
)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and keep xdist from sorting groups by their number of tests."""
    config.addinivalue_line(
        "markers", "slow: needs a server, a model or a process; `bin/test --quick` leaves it out"
    )
    if config.pluginmanager.has_plugin("xdist"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, name every test's group, and put the longest groups first."""
    groups = {}
    for item in items:
        if SLOW_FIXTURES.intersection(_fixtures(item)):
            item.add_marker("slow")
        marker = item.get_closest_marker("xdist_group")
        groups[item] = marker.args[0] if marker else _group(item)
        if marker is None:
            item.add_marker(pytest.mark.xdist_group(groups[item]))
    items.sort(key=lambda item: _rank(groups[item]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take off the group that xdist appends to a test's name, so that the name can be copied."""
    test, at, group = report.nodeid.rpartition("@")
    if at and "]" not in group:
        report.nodeid = test


def _group(item: pytest.Item) -> str:
    """A process for each file, but one for everything that talks to the running system, which
    starts once in each process, and one for everything that imports torch."""
    if "system" in _fixtures(item):
        return "system"
    path = item.path.relative_to(TESTS)
    return "worker/ml" if path.is_relative_to("worker/ml") else str(path)


def _fixtures(item: pytest.Item) -> list[str]:
    names: list[str] = getattr(item, "fixturenames", [])
    return names


def _rank(group: str) -> int:
    """The place of a group in LONGEST_FIRST; after all of them if it is not there."""
    ranks = (rank for rank, name in enumerate(LONGEST_FIRST) if group.startswith(name))
    return next(ranks, len(LONGEST_FIRST))
