"""Decides which tests are slow, which share a process, and which begin first."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TESTS = Path(__file__).parents[2]

# The folder in which the processes of xdist write their groups, and its key in their input.
_GROUPS = pytest.StashKey[TemporaryDirectory[str]]()
_FOLDER_KEY = "folder_of_groups"

# A test that uses one of these fixtures needs a server, a model or a process, so it is slow.
SLOW_FIXTURES = {
    "servers",
    "s3",
    "system",
    "engine",
    "tesseract",
    "embedder",
    "grocery_ai",
    "forked_ai",
}
# Every test in these folders is slow. Other slow tests carry the marker themselves.
SLOW_FOLDERS = (
    "bench",
    "browser",
    "chaos",
    "integration",
    "servers",
    "shared/local",
    "upgrade",
    "worker/features",
    "worker/ml",
)

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
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark slow tests, and put those of the longest groups first.

    A process of xdist also writes down the group of each test, for the process that hands them out.
    """
    for item in items:
        if SLOW_FIXTURES.intersection(_fixtures(item)) or _folder(item, SLOW_FOLDERS):
            item.add_marker("slow")
    items.sort(key=lambda item: _rank(_group(item)))
    if folder := getattr(config, "workerinput", {}).get(_FOLDER_KEY):
        groups = {item.nodeid: _group(item) for item in items}
        (Path(folder) / f"{uuid4().hex}.json").write_text(json.dumps(groups))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Pass the folder of groups to a process of xdist."""
    node.workerinput[_FOLDER_KEY] = str(_folder_of_groups(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out tests by groups.

    xdist's own `--dist loadgroup` has no effect with pytest 9.2, which does not let a plugin change
    the name of a test.
    """
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives each group of tests to one process, in the order of collection."""

    def schedule(self) -> None:
        """Read the groups once every process has collected the tests, then hand out as usual."""
        if self.collection is None:
            file = next(_folder_of_groups(self.config).iterdir())
            self._groups: dict[str, str] = json.loads(file.read_text())
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups[nodeid]


def _folder_of_groups(config: pytest.Config) -> Path:
    """Return the folder of groups, which is removed at the end of the session."""
    if _GROUPS not in config.stash:
        config.stash[_GROUPS] = TemporaryDirectory(prefix="groups-")
        config.add_cleanup(config.stash[_GROUPS].cleanup)
    return Path(config.stash[_GROUPS].name)


def _group(item: pytest.Item) -> str:
    """Return the group of a test: its marker's, a shared fixture, a shared folder, or its file."""
    if marker := item.get_closest_marker("xdist_group"):
        return str(marker.args[0])
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
    """Return the place of a group in LONGEST_FIRST; groups that are not listed come last."""
    ranks = (rank for rank, name in enumerate(LONGEST_FIRST) if group.startswith(name))
    return next(ranks, len(LONGEST_FIRST))
