"""Secrets of a process are kept from others, and rights from it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc"),
]

SECRET = "sesame-opens"
PROGRAM = """
import os; os.environ["KEPT_MADE"] = "later"
import subprocess
from shared.process.secrecy import drop_environment, forbid_new_privileges, hide_process
drop_environment(lambda name: name.startswith("KEPT"))
assert dict(os.environ) == {"KEPT_WORD": "kept", "KEPT_MADE": "later"}, os.environ
child = subprocess.run(["/usr/bin/env"], capture_output=True, text=True).stdout
assert sorted(child.split()) == ["KEPT_MADE=later", "KEPT_WORD=kept"], child
print(open("/proc/self/environ", "rb").read().strip(b"\\0"))
forbid_new_privileges()
print([line for line in open("/proc/self/status") if "NoNewPrivs" in line])
hide_process()
import ctypes
print(ctypes.CDLL(None).prctl(3))
"""


def test_a_process_drops_its_environment_and_hides() -> None:
    """Nothing of it is left where the kernel shows it; 3 is PR_GET_DUMPABLE."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[3],
        env={"DATABASE_URL": SECRET, "KEPT_WORD": "kept"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stderr == ""
    assert done.stdout.splitlines() == ["b''", "['NoNewPrivs:\\t1\\n']", "0"]
