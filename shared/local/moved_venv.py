"""Scripts of a virtual environment whose folder was moved: they name a Python that is gone.

bin/setup runs this file by its path, with any Python: nothing that is installed can be counted on.
"""

import re
import sys
from pathlib import Path

# The two kinds of first lines that pip writes: the second where a path holds a space or is long.
_HEADER = re.compile(rb"\A(?:#!.*/bin/python[\d.]*\n|#!/bin/sh\n'''exec' .*\n' '''\n)")
# Linux reads no more of a first line than that (before 5.1).
_LONGEST = 127


def repair_scripts(venv: Path) -> None:
    """Let every script in `venv`/bin that runs a Python run the one of `venv`."""
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
        # To a shell this runs the script by `python`; to Python it is a string.
        plain = f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    return plain.encode()


if __name__ == "__main__":
    repair_scripts(Path(sys.argv[1]))
