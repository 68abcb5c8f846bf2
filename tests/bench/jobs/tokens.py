"""Measures what tokens cost: the way of a job with tokens, and with AUTH=off."""

from collections.abc import Sequence

from shared.store.postgres.database import Database
from tests.bench.bench import Bench
from tests.bench.figures import Figure, rate
from tests.bench.loader.asking import jobs_per_second
from tests.bench.running.system import TENANT, System, cpu_seconds
from tests.support.access.tokens import stored_token

_JOBS = 1500
_WARM_UP = 100


async def measure(bench: Bench) -> Sequence[Figure]:
    """Run jobs on two fronts in turns, one of which demands a token."""
    off: list[float] = []
    tokens: list[float] = []
    spared: list[float] = []
    spent: list[float] = []
    count = bench.count(_JOBS)
    async with bench.system() as without, bench.system({"AUTH": "tokens"}) as guarded:
        token = await _token(guarded)
        for system in (without, guarded):
            await jobs_per_second(system, bench.count(_WARM_UP), token=token)
        for number in range(bench.rounds):
            bench.note(f"tokens: round {number + 1}")
            for system, speeds, costs in ((without, off, spared), (guarded, tokens, spent)):
                before = _cpu(system)
                speeds.append(await jobs_per_second(system, count, token=token))
                costs.append((_cpu(system) - before) / count)
    return [
        Figure.ratio("tokens ÷ off", tokens, off, anchor="off, jobs/s", goal=0.95),
        Figure.ratio("CPU of the front, off ÷ tokens", spared, spent, anchor="tokens, s"),
        rate("with tokens", tokens),
        rate("with AUTH=off", off),
    ]


async def _token(system: System) -> str:
    database = Database.from_settings(system.settings(), process="bench")
    try:
        return await stored_token(database, TENANT)
    finally:
        await database.close()


def _cpu(system: System) -> float:
    assert system.front is not None
    return cpu_seconds(system.front)
