"""The lock of bin/dev: a checkout has one bin/dev, others find it, and a killed one loses it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from shared.local.dev_session import DevSession, dev_lock, running_dev
from shared.local.processes import LocalError

URL = "http://127.0.0.1:8000"
SERVERS = ("postgresql://a:secret@b/c", "redis://:secret@d/0")

HOLD_IT = """
import sys
from pathlib import Path
from shared.local.dev_session import dev_lock
with dev_lock("http://127.0.0.1:8000", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_running_bin_dev_is_found(tmp_path: Path) -> None:
    """A bin/dev can be found from when its servers run until it has ended."""
    assert running_dev(tmp_path) is None
    with dev_lock(URL, tmp_path) as lock:
        assert running_dev(tmp_path) is None
        lock.announce(*SERVERS)
        assert running_dev(tmp_path) == DevSession(os.getpid(), URL, *SERVERS)
    assert running_dev(tmp_path) is None


def test_other_users_cannot_read_the_file(tmp_path: Path) -> None:
    """The file contains the passwords of the servers."""
    with dev_lock(URL, tmp_path):
        (file,) = tmp_path.iterdir()
        assert file.stat().st_mode & 0o077 == 0


def test_a_second_bin_dev_learns_where_the_first_runs(tmp_path: Path) -> None:
    """The first one keeps the lock."""
    with dev_lock(URL, tmp_path) as lock:
        lock.announce(*SERVERS)
        with (
            pytest.raises(LocalError, match=rf"{URL} \(pid {os.getpid()}\)"),
            dev_lock("http://127.0.0.1:9000", tmp_path),
        ):
            pytest.fail("two hold the lock")
        assert running_dev(tmp_path) == DevSession(os.getpid(), URL, *SERVERS)


def test_a_killed_bin_dev_does_not_block_the_next(tmp_path: Path) -> None:
    """The next one knows that the last was killed. One that ended by itself leaves nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_IT, tmp_path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LocalError, match=str(holder.pid)), dev_lock(URL, tmp_path):
            pytest.fail("two hold the lock")
        holder.kill()

    assert running_dev(tmp_path) is None
    for after_a_crash in (True, False):
        with dev_lock(URL, tmp_path) as lock:
            assert lock.after_a_crash is after_a_crash
