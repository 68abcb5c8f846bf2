"""The README shows where things are, and names every command."""

import re

import pytest

from shared.local.checkout import ROOT

README = (ROOT / "README.md").read_text()
TABLE = README.partition("## Where things are")[2].partition("\n## ")[0]
# The folders of these that have to be in the table: their own names mean little.
PARENTS = ("api", "shared", "worker", "worker/pipeline", "clients")
# Folders that tools make.
MADE = ("__pycache__", "_build")


def folders(parent: str) -> set[str]:
    """Return the folders in `parent`, with their paths, as the table writes them."""
    inside = (path for path in (ROOT / parent).iterdir() if path.is_dir())
    return {f"{path.relative_to(ROOT)}/" for path in inside if path.name not in MADE}


@pytest.mark.parametrize("parent", PARENTS)
def test_every_folder_is_in_the_table(parent: str) -> None:
    """A folder below them may be in the row of its parent."""
    named = set(re.findall(r"`([\w/]+/)`", TABLE))

    missing = {
        folder for folder in folders(parent) if not any(name.startswith(folder) for name in named)
    }
    assert missing == set()


def test_the_table_names_only_folders_that_exist() -> None:
    """A row's first column has whole paths, and its second may have names below them."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", TABLE, re.MULTILINE)[2:]
    places = [
        (path, below)
        for first, second in rows
        for path in re.findall(r"`([\w/]+/)`", first)
        for below in ["", *re.findall(r"`([\w/]+/)`", second)]
    ]

    assert len(places) > len(rows) > 20
    alone = {path for path, below in places if not (ROOT / path / below).is_dir()}
    assert alone == set()


@pytest.mark.parametrize("command", sorted(path.name for path in (ROOT / "bin").iterdir()))
def test_every_command_is_named(command: str) -> None:
    """The README has those for trying and running, and CONTRIBUTING those for changing."""
    texts = README + (ROOT / "CONTRIBUTING.md").read_text()

    assert re.search(rf"bin/{command}\b(?!-)", texts)
