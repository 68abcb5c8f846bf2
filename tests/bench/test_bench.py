"""A small part of `bin/bench`, which shows that it measures and not how fast this machine is."""

import pytest

from tests.bench import tracing


@pytest.mark.timeout(120)
async def test_the_cost_of_traces_is_measured() -> None:
    """Both runs finish their jobs, and the traced one sends spans."""
    found = await tracing.measure(jobs=5, rounds=1)

    assert len(found.without) == len(found.traced) == 1
    assert found.ratio > 0
    assert found.spans_per_job > 10
