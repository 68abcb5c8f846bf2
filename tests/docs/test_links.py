"""Everything that a page points to exists: files, headings, and paths that are named in passing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

FOLDERS = ("api", "bin", "clients", "config", "docs", "shared", "tests", "worker")
# `shared/settings.py`, `bin/dev --help`, `worker/pipeline/ocr/`; with a placeholder it is no path.
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)[^`]*`")
# These pages may name what has since moved or gone.
HISTORY = {ROOT / "CHANGELOG.md"}
LINK = re.compile(r"\]\(([^)\s]+)\)")


def without_examples(page: Path) -> str:
    """A page without its blocks of code and output, in which brackets mean something else."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[str]:
    """The links of a page that stay within the repository."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", without_examples(page))):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_examples(page), re.MULTILINE)
    texts = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in texts}


def page_id(page: Path) -> str:
    """How a test names a page."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file or a folder, and if they name a heading, to one that is there."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", [page for page in PAGES if page not in HISTORY], ids=page_id)
def test_named_paths_exist(page: Path) -> None:
    """A path in a sentence is as much of a pointer as a link."""
    for path in NAMED.findall(without_examples(page)):
        assert (ROOT / path).exists(), path


def test_the_index_leads_to_every_page() -> None:
    """A page that nothing leads to is not read."""
    index, decisions = ROOT / "docs/README.md", ROOT / "docs/decisions/README.md"
    reached = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (index, decisions)
        for target in links(page)
    }

    assert set((ROOT / "docs").rglob("*.md")) - {index} <= reached


def test_the_readme_is_short() -> None:
    """It is read before anything else; what is only looked up is in docs/."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 250
