"""docs/durability.md describes every scenario of bin/chaos."""

from tests.chaos.catalogue import SCENARIOS
from tests.docs.pages import rows, section, text_of


def test_every_scenario_is_described() -> None:
    """A reader of the page learns what was tried, and of nothing that was not."""
    text = section(text_of("docs/durability.md"), "bin/chaos")

    described = [row[0].strip("`") for row in rows(text)]

    assert described == list(SCENARIOS)
