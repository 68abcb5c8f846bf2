"""Repairs the scripts of a virtual environment that was moved, which still name the old Python.

bin/setup runs this file by its path and with any Python, so it uses the standard library alone.
"""

import re
import sys
from pathlib import Path

# The two headers that pip writes. The second one is for a path that is long or contains a space.
_HEADER = re.compile(rb"\A(?:#!.*/bin/python[\d.]*\n|#!/bin/sh\n'''exec' .*\n' '''\n)")
# Linux before 5.1 reads only this many bytes of the first line.
_LONGEST = 127


def repair_scripts(venv: Path) -> None:
    """Make every Python script in `venv`/bin run the Python of `venv`."""
    header = _header(venv.resolve() / "bin/python")
    for script in (venv / "bin").iterdir():
        if script.is_symlink():
            continue
        content = script.read_bytes()
        found = _HEADER.match(content)
        if found and found.group() != header:
            script.write_bytes(header + content[found.end() :])


def _header(python: Path) -> bytes:
    plain = f"#!{python}\n"
    if " " in plain or len(plain) > _LONGEST:
        # A shell reads this as a command that runs the script with `python`, Python as a string.
        plain = f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    return plain.encode()


if __name__ == "__main__":
    repair_scripts(Path(sys.argv[1]))
