"""A small cut of `bin/chaos`: one scenario of each kind, few jobs, short leases."""

import pytest

from tests.chaos.__main__ import QUICK
from tests.chaos.plan import Plan
from tests.chaos.scenarios import SCENARIOS

# The others are nearly the same as one of these, or tests/api and tests/worker show in one process
# what they show in several. All of them run at night.
_CUT = (
    "rolling_restart",
    "worker_killed",
    "skewed_zombie",
    "postgres_restarted",
    "redis_restarted_empty",
    "killed_before_claim",
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "name",
    # Each starts processes of its own, so each may run beside the others.
    [pytest.param(name, marks=pytest.mark.xdist_group(f"chaos {name}")) for name in _CUT],
)
async def test_nothing_is_lost(name: str) -> None:
    """Accepted is done, once, whatever breaks."""
    report = await SCENARIOS[name](Plan(seed=1, jobs=12, kills=1, settings=QUICK, workers=2))

    assert report.accepted > 0
    assert report.lost == 0
    assert report.duplicated_results == 0
