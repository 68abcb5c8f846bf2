"""The source of earlier code, to run beside that of today.

`tests/upgrade/BEFORE` names two commits: `release` is the last release, and `deployed` is what runs
where every change is deployed, from before the last changes of the schema or of messages.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Literal

from shared.local.checkout import ROOT

Before = Literal["release", "deployed"]
_BEFORE = ROOT / "tests/upgrade/BEFORE"


def commit(before: Before) -> str:
    """Return the id of a commit that `tests/upgrade/BEFORE` names."""
    named = (line.split() for line in _BEFORE.read_text().splitlines())
    return {name: found for found, name in named}[before]


def missing(before: Before) -> str | None:
    """Return what keeps the code from being here, or None."""
    wanted = f"{commit(before)}^{{commit}}"
    found: list[str | Path] = ["git", "-C", ROOT, "cat-file", "-e", wanted]
    try:
        known = subprocess.run(found, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return "git is not installed"
    return None if known else "the commits of tests/upgrade/BEFORE are not here: git fetch"


def extract(before: Before, folder: Path) -> Path:
    """Put the source into a new folder in `folder`, and return it.

    Raises RuntimeError if what runs there would import another source.
    """
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", commit(before)], capture_output=True, check=True
    )
    source = folder / f"code-{before}"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(source, filter="data")
    imported = subprocess.run(
        [sys.executable, "-c", "import shared; print(shared.__file__)"],
        cwd=source, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if not imported.startswith(str(source)):
        raise RuntimeError(f"{imported.strip()} would be run")
    return source
