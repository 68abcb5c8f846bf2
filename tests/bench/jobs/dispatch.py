"""Measures how many jobs a worker runs, and how soon it takes one, beside other queues.

There is no HTTP. A job of ours is claimed and stored in Postgres; those of the others are in Redis
only.
"""

import asyncio
import random
from collections.abc import Sequence

from shared.wire.messenger import Messenger
from tests.bench.anchors.queues import ARQ, PAUSE, QUICK_ARQ, SAQ, Other
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, percentile, rate
from tests.bench.jobs.queued import Queued
from tests.support.waiting import wait_until

_JOBS = 2000
# arq at its defaults runs 200 jobs a second, by its pauses: more jobs show nothing else.
_FEW = 600
_PICK_UPS = 30


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure every queue in every round."""
    others: dict[str, list[float]] = {other.name: [] for other in (ARQ, QUICK_ARQ, SAQ)}
    waits: dict[str, list[float]] = {name: [] for name in (*others, "ours")}
    ours = []
    for number in range(bench.rounds):
        for other in (ARQ, QUICK_ARQ, SAQ):
            bench.note(f"dispatch: round {number + 1}: {other.name}")
            jobs = bench.count(_FEW if other is ARQ else _JOBS, least=20)
            redis = bench.servers.redis_url
            others[other.name].append(await other.jobs_per_second(redis, jobs))
            waits[other.name].append(await _pick_up(other, bench, number))
        bench.note(f"dispatch: round {number + 1}: ours")
        found = await _ours(bench, number)
        ours.append(found[0])
        waits["ours"].append(found[1])
    return [
        Figure.ratio("ours ÷ SAQ", ours, others[SAQ.name], anchor="SAQ, jobs/s"),
        Figure.ratio(
            "ours ÷ bare arq", ours, others[QUICK_ARQ.name], anchor=f"{QUICK_ARQ.name}, jobs/s"
        ),
        rate("ours", ours),
        *(rate(name, values) for name, values in others.items()),
        *(milliseconds(f"{name}: pick-up p50", values) for name, values in waits.items()),
    ]


async def _pick_up(other: Other, bench: Bench, seed: int) -> float:
    """Return the median of the ms for which a job waits for an idle worker."""
    redis = bench.servers.redis_url
    return percentile(await other.pick_up(redis, bench.count(_PICK_UPS, least=3), seed), 50)


async def _ours(bench: Bench, seed: int) -> tuple[float, float]:
    """Return how many waiting jobs a worker runs in a second, and its median pick-up in ms."""
    rng = random.Random(seed)
    async with bench.system(workers=0, front=False) as system, system.database() as database:
        messenger = Messenger(system.settings())
        queued = Queued(database, messenger)
        jobs = await queued.insert(bench.count(_JOBS, least=20))
        await queued.publish(jobs)
        system.start_worker()
        await _all_ended(queued, len(jobs))
        later = await queued.insert(bench.count(_PICK_UPS, least=3))
        sent = []
        for job in later:
            await asyncio.sleep(rng.uniform(0, PAUSE))
            sent.append(await queued.publish_one(job))
        await _all_ended(queued, len(jobs) + len(later))
        await messenger.close()
        waited = [
            (ran - begin) * 1000
            for ran, begin in zip(await queued.ran_at(later), sent, strict=True)
        ]
        return (len(jobs) - 1) / await queued.seconds(jobs), percentile(waited, 50)


async def _all_ended(queued: Queued, count: int) -> None:
    """Wait for the jobs, and ask seldom, since asking takes the server's time."""

    async def all_ended() -> bool:
        return await queued.ended() >= count

    await wait_until(all_ended, "the jobs ended", within=300, pause=0.2)
