"""A small cut of `bin/bench`: that it measures, not how fast this machine is."""

import pytest

from tests.bench import tracing


@pytest.mark.timeout(120)
async def test_traces_are_measured_against_none() -> None:
    """Both runs did their jobs, and only one of them sent spans."""
    found = await tracing.measure(jobs=5, rounds=1)

    assert len(found.without) == len(found.traced) == 1
    assert found.ratio > 0
    assert found.spans_per_job > 10
