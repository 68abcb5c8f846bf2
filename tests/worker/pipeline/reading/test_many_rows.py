"""Any page of text may be long: the work of reading must not grow with the cube of its rows.

The lines of code that run are counted, since clocks differ.
"""

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from tests.worker.pipeline.reading.printed import lines_of
from worker.pipeline.reading.items.found_items import FoundItem, find_items
from worker.pipeline.reading.items.links import linked
from worker.pipeline.reading.rows.layout import ReadRow, read_rows
from worker.pipeline.reading.sums.chains import replaced_totals
from worker.pipeline.reading.sums.explaining import sums_of_neighbours

# Twice as many rows take twice as many steps, or four times, and a little more.
_LINEAR, _SQUARE = 2.5, 4.5


def totals(count: int) -> Sequence[ReadRow]:
    """Return totals of which each may replace all above, with a tax between any two."""
    return read_rows(lines_of("\n".join(f"TAX 0.50\nTOTAL {n}.00" for n in range(1, count))))


def discounts(count: int) -> Sequence[ReadRow]:
    """Return rows of goods with a discount below each."""
    return read_rows(lines_of("\n".join(["MILK 3.00\nMILK OFFER -0.50"] * count)))


def items(count: int) -> Sequence[FoundItem]:
    """Return the items in those rows."""
    return find_items(discounts(count))


@pytest.mark.parametrize(
    ("prepared", "work", "most"),
    [
        pytest.param(totals, lambda rows: list(replaced_totals(rows, set())), _LINEAR, id="totals"),
        pytest.param(items, sums_of_neighbours, _LINEAR, id="neighbours"),
        pytest.param(items, linked, _SQUARE, id="discounts"),
    ],
)
def test_twice_as_many_rows_are_not_eight_times_the_work(
    prepared: Callable[[int], Any], work: Callable[[Any], Any], most: float
) -> None:
    """The ratio is that of a line or of a square."""
    work(prepared(2))  # loads the vocabulary

    assert steps(work, prepared(160)) < most * steps(work, prepared(80))


def steps(work: Callable[[Any], Any], given: Any) -> int:
    """Return how many lines of code run for some work."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work(given)
    finally:
        sys.settrace(before)
    return count
