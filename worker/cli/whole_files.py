"""Writes files that nobody ever sees half of."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8 beside `path`, and give it that name once it is complete."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
