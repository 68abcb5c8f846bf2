"""docs/traces.md agrees with the names of the spans that the code makes."""

import re

from shared.local.checkout import ROOT
from tests.docs.pages import rows, section, text_of

# A span is made directly, or measured as a stage of a job and made later.
MADE = re.compile(r"(?:start_span|start_as_current_span|\.measure)\(\s*f?\"([^\"]+)\"")


def test_the_page_has_every_span() -> None:
    """Rare spans, such as that of a rescue, are on the page too."""
    sources = (path for name in ("api", "worker") for path in (ROOT / name).rglob("*.py"))
    made = {name for path in sources for name in MADE.findall(path.read_text())}
    documented = {row[0].strip("`") for row in rows(section(text_of("docs/traces.md"), "Spans"))}

    # The names of two spans contain the queue.
    assert {re.sub(r"\{[^}]+\}", "<queue>", name) for name in made} == documented
