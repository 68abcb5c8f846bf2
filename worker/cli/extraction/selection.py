"""The files that `grocery-ai extract` reads or skips, and where it may write."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".pdf"})
_OTHER = "neither an image nor a PDF, judging by its name"
_FOLDER = "a folder within a folder; to read it, name it too"


@dataclass(frozen=True)
class Skipped:
    """A path that is not read although its folder was named, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Selection:
    """The files to read, each of them once, and the paths to skip."""

    files: Sequence[Path]
    skipped: Sequence[Skipped]


def select_files(paths: Sequence[Path], table: Path | None = None) -> Selection:
    """Select the named files, and from named folders the files whose suffix is in SUFFIXES.

    The `table` that is to be written may lie in such a folder, and is not skipped but left out.
    Raises typer.BadParameter if a folder has none or cannot be listed.
    """
    files: dict[Path, None] = {}
    skipped: list[Skipped] = []
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        inside = _listed(path)
        found = [entry for entry in inside if entry.suffix.lower() in SUFFIXES and entry.is_file()]
        if not found:
            raise typer.BadParameter(
                f"{path} holds no image or PDF ({', '.join(sorted(SUFFIXES))})"
            )
        files.update(dict.fromkeys(found))
        skipped.extend(left for left in _left_out(inside, found) if not _is_of(table, left.path))
    return Selection(list(files), skipped)


def notes_path(table: Path) -> Path:
    """Return the path of the notes of a table, which lie beside it while it is being written."""
    return table.with_name(f"{table.name}.notes")


def check_names(files: Sequence[Path]) -> None:
    """Raise typer.BadParameter if the results of two files would have the same name."""
    named: dict[str, Path] = {}
    for file in files:
        other = named.setdefault(file.stem, file)
        if other != file:
            raise typer.BadParameter(f"{other} and {file} would both become {file.stem}.json")


def check_writable(folder: Path, option: str) -> None:
    """Make the folder if it is missing. Raises typer.BadParameter if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise typer.BadParameter(
            f"{folder} cannot be written to ({error.strerror}); choose another folder",
            param_hint=option,
        ) from error


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be listed ({error.strerror})") from error


def _is_of(table: Path | None, path: Path) -> bool:
    """Whether a path is the table, or the notes that a run left beside it."""
    ours = (table, notes_path(table)) if table else ()
    return any(path.absolute() == file.absolute() for file in ours)


def _left_out(inside: Sequence[Path], found: Sequence[Path]) -> Iterator[Skipped]:
    # Results, ground truth and a report may lie beside the images; nobody misses them.
    ours = {file.with_suffix(".json") for file in found} | {found[0].with_name("report.html")}
    for entry in inside:
        if entry in found or entry in ours or entry.name.startswith("."):
            continue
        yield Skipped(entry, _FOLDER if entry.is_dir() else _OTHER)
