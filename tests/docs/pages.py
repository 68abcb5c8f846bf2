"""Reads the pages of the documentation and the tables on them."""

import re
from collections.abc import Sequence

from shared.local.checkout import ROOT

PAGES = sorted(
    page
    for folder in (".", "clients/*", "docs/**", "worker/**")
    for page in ROOT.glob(f"{folder}/*.md")
)


def text_of(page: str) -> str:
    """Return the Markdown of a page, by its path from the root of the repository."""
    return (ROOT / page).read_text()


def rows(markdown: str) -> list[Sequence[str]]:
    """Return every table row of a text whose first cell is code (`like this`), cell by cell.

    That leaves out headings, separators, and tables about other things.
    """
    tables = [line for line in markdown.splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in tables]


def codes(cell: str) -> list[str]:
    """Return every piece of code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def section(markdown: str, heading: str) -> str:
    """Return the text below a second-level heading, up to the next one. Fails if there is none."""
    parts: dict[str, str] = dict(
        re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", markdown, re.MULTILINE)
    )
    assert heading in parts, f"no section “{heading}” among {sorted(parts)}"
    return parts[heading]
