"""Which tests are slow, which of them share a process, and which begin first."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TESTS = Path(__file__).parents[2]

# Where the groups of tests are written; its name among what xdist gives its processes.
_GROUPS = pytest.StashKey[TemporaryDirectory[str]]()
_TOLD = "folder_of_groups"

# Tests that need a server, a model or a process of ours: whoever uses one of these fixtures ...
SLOW_FIXTURES = {"servers", "system", "engine", "tesseract", "embedder", "grocery_ai"}
# ... and everything in these folders. Others carry the marker `slow` themselves.
SLOW_FOLDERS = ("bench", "chaos", "shared/local", "upgrade", "worker/features", "worker/ml")

# Fixtures that are started once in each process, and dearly: all who use one share a process.
SHARED_FIXTURES = ("system", "engine")
# Folders whose files share a process, since their imports take seconds.
SHARED_FOLDERS = ("worker/ml",)
# What takes longest begins first, or one process would end long after the others.
LONGEST_FIRST = ("system", "worker/ml", "shared/local", "chaos", "engine", "bench", "worker")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and keep xdist from sorting groups by their number of tests."""
    config.addinivalue_line(
        "markers", "slow: needs a server, a model or a process; `bin/test --quick` leaves it out"
    )
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark slow tests, and put those of the longest groups first. A process of xdist also tells the
    one that hands out the tests which group each belongs to."""
    for item in items:
        if SLOW_FIXTURES.intersection(_fixtures(item)) or _folder(item, SLOW_FOLDERS):
            item.add_marker("slow")
    items.sort(key=lambda item: _rank(_group(item)))
    if told := getattr(config, "workerinput", {}).get(_TOLD):
        groups = {item.nodeid: _group(item) for item in items}
        (Path(told) / f"{uuid4().hex}.json").write_text(json.dumps(groups))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a process of xdist where to write the groups of the tests that it collects."""
    node.workerinput[_TOLD] = str(_folder_of_groups(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out tests by groups, with `-n` alone. (`--dist loadgroup` would write the group into the
    name of a test, which pytest 9.2 does not allow any more.)"""
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """A group of tests goes to one process, in the order in which they were collected."""

    def schedule(self) -> None:
        """Called when every process has collected the tests, and whenever one has little to do."""
        if self.collection is None:
            told = next(_folder_of_groups(self.config).iterdir())
            self._groups: dict[str, str] = json.loads(told.read_text())
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups[nodeid]


def _folder_of_groups(config: pytest.Config) -> Path:
    """Where the processes of xdist write; it is gone with the configuration that keeps it."""
    if _GROUPS not in config.stash:
        config.stash[_GROUPS] = TemporaryDirectory(prefix="groups-")
        config.add_cleanup(config.stash[_GROUPS].cleanup)
    return Path(config.stash[_GROUPS].name)


def _group(item: pytest.Item) -> str:
    """What is run by one process: what its marker says, what shares something, or else a file."""
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
    """The place of a group in LONGEST_FIRST; after all of them if it is not there."""
    ranks = (rank for rank, name in enumerate(LONGEST_FIRST) if group.startswith(name))
    return next(ranks, len(LONGEST_FIRST))
