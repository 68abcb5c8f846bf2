"""Runs a command of the development image, unless its user cannot read the source that is mounted.

Python would say only: No module named api. This lies in the image, where its user can read it.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

_FOLDERS = ("api", "shared", "worker")


def main() -> None:
    """Become the command that the arguments are. If a file cannot be read, exit with 1."""
    if (closed := _unreadable()) is not None:
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        reason = (
            f"{Path.cwd() / closed} cannot be read by user {os.getuid()}, as which the container "
            "runs. Run `chmod -R go+rX .` in the checkout; a umask of 077 makes such files."
        )
        line = {"reason": reason, "logger": "readable", "level": "error", "timestamp": moment}
        print(json.dumps({**line, "message": "source.unreadable"}))  # noqa: T201
        sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (no shell)


def _unreadable() -> Path | None:
    """Return the first folder or Python file that this user cannot read, or None."""
    for folder in map(Path, _FOLDERS):
        if not os.access(folder, os.R_OK | os.X_OK):
            return folder
        for path in sorted(folder.rglob("*")):
            wanted = os.R_OK | (os.X_OK if path.is_dir() else 0)
            if (path.is_dir() or path.suffix == ".py") and not os.access(path, wanted):
                return path
    return None


if __name__ == "__main__":
    main()
