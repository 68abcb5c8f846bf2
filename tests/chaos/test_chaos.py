"""A small cut of `bin/chaos`: each kind of scenario, few jobs, short leases."""

import pytest

from tests.chaos.__main__ import QUICK
from tests.chaos.scenarios import SCENARIOS, Plan

# The same but for the clock.
_CUT = SCENARIOS.keys() - {"zombie"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(_CUT))
async def test_nothing_is_lost(name: str) -> None:
    """Accepted is done, once, whatever breaks."""
    report = await SCENARIOS[name](Plan(seed=1, jobs=12, kills=1, settings=QUICK))

    assert report.accepted > 0
    assert report.lost == 0
    assert report.duplicated_results == 0
