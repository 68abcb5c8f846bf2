"""`grocery-ai retry --where` and `failures`: what they accept."""

from datetime import UTC, datetime

import pytest
import typer

from shared.contracts.features import Feature
from worker.cli.remote.interventions import conditions


def test_conditions_are_names_and_values() -> None:
    """An age is the time that it means."""
    found = conditions(["code=timeout", "feature=categorization", "since=1h", "text=a=b"])

    assert (found.code, found.feature, found.text) == ("timeout", Feature.CATEGORIZATION, "a=b")
    assert found.since is not None
    assert 3595 < (datetime.now(UTC) - found.since).total_seconds() < 3605


@pytest.mark.parametrize("written", ["code", "nothing=1", "ids=1", "since=soon", "status=lost"])
def test_what_is_no_condition_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter):
        conditions([written])
