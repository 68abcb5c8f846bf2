"""What a receipt slot may use follows from the memory limit of the control group."""

from pathlib import Path

import pytest

from worker.features.slot_memory import memory_limit, memory_of_a_slot, page_memory

NONE_V1 = str(2**63 - 4096)


def machine(root: Path, groups: str, **files: str) -> Path:
    """Write what Linux says about control groups below `root`."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, content in files.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    return root


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    """A system other than Linux has no such files."""
    assert memory_limit(tmp_path) is None
    assert memory_of_a_slot(2, tmp_path) == 2_000_000_000


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        pytest.param("0::/\n", {"memory.max": "2000000000"}, id="container, version 2"),
        pytest.param(
            "0::/a.slice/b.service\n",
            {"a.slice/memory.max": "2000000000", "a.slice/b.service/memory.max": "max"},
            id="a group above, version 2",
        ),
        pytest.param(
            "3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc\n",
            {"memory/memory.limit_in_bytes": "2000000000"},
            id="container, version 1",
        ),
        pytest.param(
            "2:memory:/a/b\n0::/a\n",
            {
                "memory/a/b/memory.limit_in_bytes": "2000000000",
                "memory/a/memory.limit_in_bytes": NONE_V1,
                "memory/memory.limit_in_bytes": NONE_V1,
            },
            id="both versions",
        ),
    ],
)
def test_the_lowest_limit_counts(tmp_path: Path, groups: str, files: dict[str, str]) -> None:
    """Two slots share what the worker leaves of 2 GB."""
    root = machine(tmp_path, groups, **files)

    assert memory_limit(root) == 2_000_000_000
    assert memory_of_a_slot(2, root) == 850_000_000


@pytest.mark.parametrize(("limit", "slot"), [("512000000", 750_000_000), ("max", 2_000_000_000)])
def test_a_slot_gets_neither_too_little_nor_without_end(
    tmp_path: Path, limit: str, slot: int
) -> None:
    """With less, ordinary receipts would fail; a limit that is too low ends children instead."""
    assert memory_of_a_slot(2, machine(tmp_path, "0::/\n", **{"memory.max": limit})) == slot


def test_a_page_may_add_what_the_engine_leaves() -> None:
    assert page_memory(1_000_000_000, 850_000_000) == 450_000_000
    assert page_memory(1_000_000_000, 2_000_000_000) == 1_000_000_000
