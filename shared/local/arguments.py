"""Reads the arguments of bin/demo and bin/dev, which answer --help themselves."""

import argparse
from typing import NoReturn


class Arguments(argparse.ArgumentParser):
    """A parser whose usage errors are one line that points to --help."""

    def __init__(self, command: str) -> None:
        """Read the arguments of `command`, such as `bin/demo`."""
        super().__init__(prog=command, add_help=False)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and exit with code 2."""
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help shows the usage)\n")
