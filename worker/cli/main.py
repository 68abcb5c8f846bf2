"""The entry point of `grocery-ai`."""

import sys

from shared.process.garbage import importing
from shared.process.library_threads import limit_library_threads
from shared.process.opt_outs import opt_out_of_reports


def main() -> None:
    """Run the command that sys.argv names, then exit.

    Exit codes: 0 success, 1 something failed, 2 wrong usage, 130 stopped with Ctrl-C. Errors are
    written to stderr.
    """
    opt_out_of_reports()
    limit_library_threads()
    try:
        # These imports take a third of a second, and Ctrl-C must not print a traceback meanwhile.
        with importing():
            from worker.cli.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    if code == 130:
        sys.stderr.write("Stopped.\n")
    sys.exit(code)
