"""Runs pytest and bin/check at the same time: `python -m tests.support.beside_check [ARGUMENTS]`.

The arguments go to pytest, which prints as it goes. The output of bin/check follows. The exit code
is that of pytest, or 1 if only bin/check failed. Ctrl-C and SIGTERM end both with all they started.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import STDOUT, Popen
from types import FrameType

_LOG = Path(".data/check.log")


def main() -> int:
    """Run both in the current directory and return the exit code."""
    _LOG.parent.mkdir(exist_ok=True)
    with _LOG.open("w") as log:
        # Ctrl-C does not reach a session of its own, and what runs in it can be ended as a whole.
        check = Popen(["bin/check"], stdout=log, stderr=STDOUT, start_new_session=True)
    tests = Popen([sys.executable, "-m", "pytest", *sys.argv[1:]])

    def stop(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.killpg(check.pid, signal.SIGTERM)
        # The terminal sends Ctrl-C to pytest itself, which then stops its servers.
        if number != signal.SIGINT:
            tests.send_signal(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    tested, checked = tests.wait(), check.wait()
    if checked >= 0:  # else it was stopped
        sys.stdout.write(_LOG.read_text())
        sys.stdout.flush()
    if checked > 0:
        sys.stderr.write("bin/check failed: its output is above.\n")
    return tested or int(checked != 0)


if __name__ == "__main__":
    sys.exit(main())
