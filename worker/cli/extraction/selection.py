"""Which files `grocery-ai extract` reads, which it leaves out and why, and where it may write."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".pdf"})
_OTHER = "neither an image nor a PDF by its name"
_FOLDER = "a folder within a folder; name it as well to read it"


@dataclass(frozen=True)
class Skipped:
    """A path in a folder that was named, and why it is not read."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Selection:
    """What to read, each file once, and what not."""

    files: Sequence[Path]
    skipped: Sequence[Skipped]


def select_files(paths: Sequence[Path]) -> Selection:
    """The files that were named, and those in named folders that look like receipts.

    Raises typer.BadParameter for a folder without any.
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
        skipped.extend(_left_out(inside, found))
    return Selection(list(files), skipped)


def check_names(files: Sequence[Path]) -> None:
    """Raises typer.BadParameter where two results would have one name."""
    named: dict[str, Path] = {}
    for file in files:
        other = named.setdefault(file.stem, file)
        if other != file:
            raise typer.BadParameter(f"{other} and {file} would both become {file.stem}.json")


def check_writable(folder: Path, option: str) -> None:
    """Make the folder if need be. Raises typer.BadParameter when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise typer.BadParameter(
            f"nothing can be written to {folder} ({error.strerror}); choose another folder",
            param_hint=option,
        ) from error


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be listed ({error.strerror})") from error


def _left_out(inside: Sequence[Path], found: Sequence[Path]) -> Iterator[Skipped]:
    # Results and ground truth lie beside the images, and are theirs.
    ours = {file.with_suffix(".json") for file in found} | {found[0].with_name("report.html")}
    for entry in inside:
        if entry in found or entry in ours or entry.name.startswith("."):
            continue
        yield Skipped(entry, _FOLDER if entry.is_dir() else _OTHER)
