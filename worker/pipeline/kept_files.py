"""Files that the program makes once and keeps, and makes again if they are deleted.

They are in `grocery-planner-ai` under XDG_CACHE_HOME, or else under `~/.cache`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


def kept_folder(name: str) -> Path | None:
    """Return the folder of files of one kind, or None for a user without a home directory."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(chosen) if chosen else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "grocery-planner-ai" / name


def keep(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file atomically, since other processes may make the same one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
