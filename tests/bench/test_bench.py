"""A small part of `bin/bench`, which shows that it measures and not how fast this machine is."""

import subprocess
import sys

import psutil
import pytest

from shared.settings import Settings
from tests.bench import connections, tracing, waiters
from tests.support.fronts import front_server


@pytest.mark.timeout(120)
async def test_the_cost_of_traces_is_measured() -> None:
    """Both runs finish their jobs, and the traced one sends spans."""
    found = await tracing.measure(jobs=5, rounds=1)

    assert len(found.without) == len(found.traced) == 1
    assert found.ratio > 0
    assert found.spans_per_job > 10


@pytest.mark.timeout(120)
async def test_failures_on_idle_connections_are_counted() -> None:
    """A connection is used again while the front keeps it, and found closed after that."""
    found = await connections.measure(4, keep_alive=2, short=(0.1, 0.3), long=(2.5, 3))

    kept, ours, closed = found.uses
    assert found.passed
    assert (kept.failed, kept.reopened) == (0, 0)
    assert (ours.failed, closed.failed, closed.reopened) == (0, 0, 4)


@pytest.mark.timeout(120)
async def test_the_delays_of_callers_are_measured(settings: Settings) -> None:
    """Every waiter and every listener gets the end of its job, at both paces."""
    async with front_server(settings) as url:
        found = await waiters.measure_front(settings, url, psutil.Process(), callers=5, rounds=1)

    for pace in (found.paced, found.together):
        assert 0 < pace.waiters.p50 <= pace.waiters.p95
        assert 0 < pace.listeners.p50 <= pace.listeners.p95
    assert "5 callers wait" in str(found.table().title)


def test_an_unknown_measurement_is_an_error_that_lists_the_names() -> None:
    """A mistyped name measures nothing."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only", "nonsense"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 2
    assert "'nonsense' is none of: tracing, waiters" in ran.stderr
