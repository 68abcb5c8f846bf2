"""Measures a system with many rows, and systems of several fronts and workers."""

from collections.abc import Sequence

from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.growth.copies import measure_copies
from tests.bench.growth.rows import measure_rows

# Fewer rows than this would not have a job of every state.
_FEW, _SOME, _MANY = 300, 10_000, 1_000_000
# How often each call is made in a round.
_TIMES = 60
_COPIES = (1, 2, 4)
_JOBS = 600


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure rows first, then processes."""
    rows = [_FEW, bench.count(_SOME, least=_FEW), bench.count(_MANY, least=2 * _FEW)]
    return [
        *await measure_rows(bench, rows, bench.count(_TIMES, least=3), bench.count(_JOBS)),
        *await measure_copies(bench, _COPIES, bench.count(_JOBS)),
    ]
