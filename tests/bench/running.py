"""Runs measurements one after the other on servers of their own."""

import asyncio
from collections.abc import Callable, Iterable

from tests.bench.figures import NotMeasured
from tests.bench.measurements import MEASUREMENTS
from tests.bench.noise import Noise
from tests.bench.report.saved import Measured
from tests.bench.system import Bench, durable_servers, template_database


def run(
    names: Iterable[str], rounds: int, size: float, note: Callable[[str], None]
) -> tuple[dict[str, Measured], dict[str, str]]:
    """Make the measurements; return what was found, and why what was not."""
    measured, missing = {}, {}
    note("starting servers")
    with durable_servers() as (servers, folder), template_database(servers) as template:
        bench = Bench(servers, folder, template, rounds, size, note)
        for name in names:
            note(name)
            try:
                measured[name] = _measure(name, bench)
            except NotMeasured as error:
                missing[name] = str(error)
    return measured, missing


def _measure(name: str, bench: Bench) -> Measured:
    """Make one measurement, and watch what others take of the CPU meanwhile."""
    noise = Noise()
    figures = asyncio.run(MEASUREMENTS[name].measure(bench))
    return Measured(
        rounds=bench.rounds, size=bench.size, noise=noise.share(), figures=list(figures)
    )
