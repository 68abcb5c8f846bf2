"""The changelog says what was in the last version and what comes next."""

import re
from datetime import date

from packaging.version import Version

from shared.local.checkout import ROOT
from shared.version import NEXT


def test_the_newest_section_is_no_later_than_the_next_version() -> None:
    """The section of a version follows the unreleased changes and has a date.

    In the commit that is tagged, it is the section of the next version itself.
    """
    headings = re.findall("^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)

    unreleased, newest = headings[:2]
    assert unreleased == "Unreleased"
    named, _, day = newest.partition(" - ")
    assert Version(named) <= Version(NEXT)
    assert date.fromisoformat(day)
