"""A small cut of `bin/chaos`: one scenario of each kind, few jobs, short leases."""

import pytest

from tests.chaos.__main__ import QUICK
from tests.chaos.plan import Plan
from tests.chaos.scenarios import SCENARIOS

# Others are nearly the same as one of these, or shown in tests/worker.
_CUT = (
    "worker_killed",
    "killed_before_claim",
    "skewed_zombie",
    "rolling_restart",
    "redis_restarted_empty",
    "redis_away_while_submitting",
    "postgres_restarted",
    "poison",
    "delivered_twice",
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", _CUT)
async def test_nothing_is_lost(name: str) -> None:
    """Accepted is done, once, whatever breaks."""
    report = await SCENARIOS[name](Plan(seed=1, jobs=12, kills=1, settings=QUICK))

    assert report.accepted > 0
    assert report.lost == 0
    assert report.duplicated_results == 0
