"""How tests are spread over processes: what may share something, shares it."""

import re
import subprocess
import sys
from collections import defaultdict

import pytest

from shared.local.checkout import ROOT

# Files without servers, of many tests each.
FILES = ("tests/shared/contracts",)


@pytest.mark.slow
def test_every_file_is_run_by_one_process() -> None:
    """A file in two processes would start twice what its module has once."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-v", "-p", "no:cacheprovider", *FILES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout

    processes = defaultdict(set)
    for process, file in re.findall(r"^\[(gw\d)\].* PASSED (\S+?\.py)::", done.stdout, re.M):
        processes[file].add(process)
    assert len(processes) > 2
    assert all(len(found) == 1 for found in processes.values()), processes
    assert set().union(*processes.values()) == {"gw0", "gw1"}
