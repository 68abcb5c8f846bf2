"""`grocery-ai`: where it starts, and how it stops."""

import sys

from shared.opt_outs import opt_out_of_reports


def main() -> None:
    """Run the command of sys.argv.

    Exit codes: 0 done, 1 something failed, 2 wrong usage, 130 stopped with Ctrl-C. What failed is
    on stderr.
    """
    opt_out_of_reports()
    try:
        # Half a second of imports, in which Ctrl-C must not end in a traceback either.
        from worker.cli.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    if code == 130:
        sys.stderr.write("Stopped.\n")
    sys.exit(code)
