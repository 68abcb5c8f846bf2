"""The entry point of bin/demo and bin/dev: `python -m shared.local demo` and `dev`.

The commands are imported after the signal handlers are in place, since importing them takes a
second in which Ctrl-C should end as quietly as later.
"""

import sys
from importlib import import_module

from shared.errors import ServiceError
from shared.local.processes import LocalError
from shared.local.signals import stopping_on_signals


def main() -> int:
    """Run the command that the first argument names; return its exit code."""
    name, *arguments = sys.argv[1:] or ["help"]
    if name not in ("demo", "dev"):
        sys.stderr.write("Usage: python -m shared.local demo|dev\n")
        return 2
    try:
        with stopping_on_signals():
            code: int = import_module(f"shared.local.{name}").main(arguments)
            return code
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        # Ctrl-C is the usual end of bin/dev, but cuts a demo short.
        return 0 if name == "dev" else 130
    except (LocalError, ServiceError, OSError) as error:
        sys.stderr.write(f"bin/{name}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
