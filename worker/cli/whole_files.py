"""Writes files that nobody ever sees half of."""

from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or a text as UTF-8, beside `path`, and name them so once they are complete."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
    unfinished.replace(path)
