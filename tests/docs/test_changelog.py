"""The changelog says what is in this version and what comes next."""

import re
from importlib.metadata import version

from shared.local.checkout import ROOT


def test_the_changelog_knows_this_version() -> None:
    """The section of a version follows the unreleased changes and has a date."""
    headings = re.findall("^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)

    unreleased, newest = headings[:2]
    assert unreleased == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version('grocery-planner-ai'))} - \d{{4}}-\d\d-\d\d", newest)
