"""Writes files that nobody ever sees half of."""

from contextlib import suppress
from pathlib import Path


class NotWritten(Exception):
    """A file could not be written, for example since the disk is full. The message says why."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} could not be written: {error.strerror}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write bytes, or a text as UTF-8, beside `path`, and name them so once they are complete.

    Raises NotWritten, and then leaves what was at `path` as it was.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
        unfinished.replace(path)
    except OSError as error:
        # The disk may be full, and what is only begun is of no use.
        with suppress(OSError):
            unfinished.unlink()
        raise NotWritten(path, error) from error
