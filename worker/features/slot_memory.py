"""How much memory a receipt slot may use where a container, or a service manager, limits it."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# All in bytes. Without a limit, a child may allocate this much.
_UNLIMITED = 2_000_000_000
# What a worker needs beside its slots, with the models for items.
_WORKER = 600_000_000
# What a child allocates and never touches, or shares with the process that loads its pages.
_UNTOUCHED = 150_000_000
# What the engine of a child has allocated when the child begins with a page.
_ENGINE = 400_000_000
# With less, a child could not read every receipt.
_LEAST = 750_000_000

# How Linux writes that there is no limit: "max", or a number that no machine has.
_NO_LIMIT = 1 << 60


def memory_of_a_slot(slots: int, root: Path = Path("/")) -> int:
    """Return how many bytes of data each of `slots` children may allocate.

    All of them together, and the worker, then fit into the limit of the control group, if it has
    one that allows it: 750 MB a slot at least. `root` is where `proc` and `sys` are.
    """
    limit = memory_limit(root)
    if limit is None:
        return _UNLIMITED
    return max(_LEAST, min(_UNLIMITED, (limit - _WORKER) // slots + _UNTOUCHED))


def page_memory(wanted: int, memory: int) -> int:
    """Return how many bytes a page may add in a child that may allocate `memory` bytes.

    That is `wanted`, unless less is left beside the engine. A file that takes more is then refused
    for what it takes, rather than that the child counts as crashed.
    """
    return max(1, min(wanted, memory - _ENGINE))


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return the lowest memory limit of this process's control groups in bytes, or None."""
    limits = [limit for file in _files(root) if (limit := _read(file)) is not None]
    return min(limits, default=None)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files that may hold a limit: that of the group, and those of the groups above it.

    In a container, the folder of its group is often the root, whatever the group is called.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in groups:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            folder, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            folder, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        path = PurePosixPath(group.lstrip("/"))
        for each in (path, *path.parents):
            yield folder / each / name


def _read(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() and int(text) < _NO_LIMIT else None
