"""The simulation agrees with theory, and the sizes with what they are computed from."""

import math

import pytest

from tests.bench.capacity.costs import Costs
from tests.bench.capacity.simulation import Queueing, simulate, slots_for
from tests.bench.capacity.sizes import item_sizes, limits

COSTS = Costs(
    receipt=2.0,
    receipt_front=0.02,
    item_front=0.004,
    item_worker=0.01,
    job_postgres=0.0015,
    job_redis=0.0005,
)


def queueing(per_hour: float, slots: int, limit: int = 1_000_000) -> Queueing:
    """Return a queue of receipts that take a second on average."""
    return Queueing(per_hour=per_hour, seconds=1, slots=slots, limit=limit, age_limit=1e9)


def test_a_slot_is_as_busy_and_waits_are_as_long_as_theory_says() -> None:
    """By the formula of Pollaczek and Khinchine for a single slot."""
    load, variation = 0.7, 0.5

    course = simulate(queueing(load * 3600, slots=1), 100_000)

    mean_wait = load * (1 + variation**2) / (2 * (1 - load))
    assert course.utilisation == pytest.approx(load, rel=0.02)
    assert course.mean_wait == pytest.approx(mean_wait, rel=0.05)
    assert course.refused == 0


def test_what_is_too_much_is_refused_and_the_rest_waits_for_a_full_queue() -> None:
    """Two slots read half of four receipts a second."""
    course = simulate(queueing(4 * 3600, slots=2, limit=100), 20_000)

    assert course.refused == pytest.approx(0.5, abs=0.02)
    assert course.utilisation == pytest.approx(1, abs=0.01)
    assert course.wait(50) == pytest.approx(100 / 2, rel=0.05)


def test_a_queue_whose_first_receipt_is_too_old_takes_none() -> None:
    """Those that were let in before wait longer than that, but not without end."""
    old = Queueing(per_hour=4 * 3600, seconds=1, slots=2, limit=10_000, age_limit=10)

    course = simulate(old, 5_000)

    assert course.refused > 0.4
    assert 10 < course.wait(99) < 30


def test_slots_are_the_fewest_that_keep_waits_short() -> None:
    """A slot less makes them longer."""
    load = queueing(20 * 3600, slots=2)

    slots = slots_for(load, 5_000, most=1)

    assert slots > 20
    assert simulate(queueing(20 * 3600, slots), 5_000).wait(95) <= 1
    assert simulate(queueing(20 * 3600, slots - 1), 5_000).wait(95) > 1


def test_sizes_leave_processes_idle_for_a_part_of_the_time() -> None:
    """A hundred items a second keep 0.4 fronts, a worker and 0.2 of the servers' cores busy."""
    sizes = {size.per_second: size for size in item_sizes(COSTS)}

    assert (sizes[100].fronts, sizes[100].workers, sizes[100].cores) == (1, 2, 3)
    assert (sizes[1_000].fronts, sizes[1_000].workers) == (6, math.ceil(10 / 0.7))


def test_limits_begin_with_the_one_that_comes_first() -> None:
    """Cores for OCR are used up before anything else ends."""
    first, second, *_ = limits(COSTS)

    assert first.what.startswith("cores for OCR")
    assert first.per_hour == pytest.approx(2 * 0.7 * 3600 / 2)
    assert second.what.startswith("`RECEIPTS_QUEUE_LIMIT`")
