"""A small part of `bin/chaos`: one scenario of each kind, with few jobs and short leases."""

import pytest

from tests.chaos.__main__ import QUICK
from tests.chaos.catalogue import SCENARIOS
from tests.chaos.plan import Plan

# Each other scenario resembles one of these, or tests/api and tests/worker show the same within one
# process. `callbacks` kills a worker and empties Redis while jobs run and wait, and audits the jobs
# as `worker_killed` and `redis_restarted_empty` do. `bin/chaos --quick` and the nights run all of
# them.
_CUT = ("skewed_zombie", "callbacks")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "name",
    # Each starts its own processes, so they can run in parallel.
    [pytest.param(name, marks=pytest.mark.xdist_group(f"chaos {name}")) for name in _CUT],
)
async def test_nothing_is_lost(name: str) -> None:
    """Every promise is kept, which `tests/chaos/report.py` lists."""
    plan = Plan(seed=1, jobs=12, kills=1, settings=QUICK, workers=2, outage=4, trouble=2)

    report = await SCENARIOS[name](plan)

    assert report.accepted > 0
    assert report.faults() == []
