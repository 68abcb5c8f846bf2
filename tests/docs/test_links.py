"""Everything that a page refers to exists: files, headings, and paths named in the text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from tests.docs.pages import PAGES

FOLDERS = ("api", "bin", "clients", "config", "docs", "shared", "tests", "worker")
# Matches `shared/settings.py`, `bin/dev --help` and `worker/pipeline/ocr/`, but no path with a
# placeholder.
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)[^`]*`")
# These pages may name what has since moved or gone.
HISTORY = {ROOT / "CHANGELOG.md"}
LINK = re.compile(r"\]\(([^)\s]+)\)")


def without_examples(page: Path) -> str:
    """Return a page without its code blocks, in which brackets mean something else."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[str]:
    """Yield the links of a page that stay within the repository."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", without_examples(page))):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_examples(page), re.MULTILINE)
    texts = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in texts}


def page_id(page: Path) -> str:
    """Return the path of a page, to name a test after."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """The file or folder exists, and so does the heading if the link names one."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", [page for page in PAGES if page not in HISTORY], ids=page_id)
def test_named_paths_exist(page: Path) -> None:
    """Readers follow a path in a sentence as they follow a link."""
    for path in NAMED.findall(without_examples(page)):
        assert (ROOT / path).exists(), path


def test_the_index_leads_to_every_page() -> None:
    """Nobody reads a page that nothing links to."""
    index, decisions = ROOT / "docs/README.md", ROOT / "docs/decisions/README.md"
    reached = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (index, decisions)
        for target in links(page)
    }

    assert set((ROOT / "docs").rglob("*.md")) - {index} <= reached


def test_the_readme_is_short() -> None:
    """People read it first; reference material is in docs/."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 250
