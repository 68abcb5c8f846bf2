"""Measures how long after the end of its job a caller has it, with many callers on one front.

Half of the callers wait (`GET ?wait=25`), the others listen to events. The jobs are ended in
Postgres and announced as a worker does it, so that the pace is exact.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from uuid import UUID

import asyncpg
import psutil
from pydantic import SecretStr
from rich.table import Table

from shared.settings import Settings
from shared.wire.messenger import Messenger
from tests.bench.callers import Caller, callers_of
from tests.chaos.cluster import cluster
from tests.support.waiting import wait_until

# Jobs that end in a second, and the most milliseconds that 95 of 100 callers may wait for the end.
PACE, AT_MOST_PACED, AT_MOST_TOGETHER = 50, 100, 400
_TENANT = "bench"
_PAYLOAD = json.dumps({"item_name": "Milk", "candidate_labels": ["Dairy"]})
_OUTPUT = json.dumps(
    {
        "category": "Dairy",
        "confidence": 0.9,
        "confidence_level": "high",
        "all_scores": {f"label {number}": 0.01 for number in range(50)},
        "processing_time_ms": 1.0,
    }
)


@dataclass(frozen=True)
class Delays:
    """Milliseconds from the end of a job to its caller, as medians over the rounds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> "Delays":
        """Return the percentiles of the delays of several rounds."""
        cuts = [quantiles(delays, n=20, method="inclusive") for delays in rounds]
        return cls(
            round(median(cut[9] for cut in cuts), 1), round(median(cut[18] for cut in cuts), 1)
        )


@dataclass(frozen=True)
class Pace:
    """What callers wait for ends that come at one pace."""

    waiters: Delays
    listeners: Delays


@dataclass(frozen=True)
class Waiting:
    """What callers wait for ends that come 50 times a second, and for those that come together.

    `callers` is the number of waiters, and of listeners. `front_mb` is the resident memory of the
    front, without callers and with all of them.
    """

    callers: int
    paced: Pace
    together: Pace
    front_mb: tuple[float, float]

    @property
    def passed(self) -> bool:
        """Whether 95 of 100 callers had the end in time."""
        bounds = ((self.paced, AT_MOST_PACED), (self.together, AT_MOST_TOGETHER))
        return all(max(pace.waiters.p95, pace.listeners.p95) <= bound for pace, bound in bounds)

    def figures(self) -> dict[str, object]:
        """Return the figures for JSON."""
        return {**asdict(self), "p95_at_most": [AT_MOST_PACED, AT_MOST_TOGETHER]}

    def table(self) -> Table:
        """Return the figures for people."""
        table = Table(
            title=f"Milliseconds from the end of a job to its caller ({self.callers} callers wait, "
            f"{self.callers} listen)"
        )
        for heading in ("", "waiters p50", "p95", "listeners p50", "p95", "p95 at most"):
            table.add_column(heading)
        for name, pace, bound in (
            (f"{PACE} ends a second", self.paced, AT_MOST_PACED),
            ("all ends together", self.together, AT_MOST_TOGETHER),
        ):
            delays = (pace.waiters, pace.listeners)
            cells = [f"{value:g}" for each in delays for value in (each.p50, each.p95)]
            table.add_row(name, *cells, str(bound))
        without, with_all = self.front_mb
        table.caption = f"The front took {without:g} MB without callers, {with_all:g} MB with all."
        return table


async def measure(callers: int, rounds: int) -> Waiting:
    """Let `callers` wait for jobs of a front of their own, and as many listen."""
    async with cluster(0, 1) as system:
        assert system.front is not None
        settings = Settings(
            database_url=SecretStr(system.env["DATABASE_URL"]),
            redis_url=SecretStr(system.env["REDIS_URL"]),
            queue_namespace=system.env["QUEUE_NAMESPACE"],
        )
        front = psutil.Process(system.front.pid)
        return await measure_front(settings, system.url, front, callers, rounds)


async def measure_front(
    settings: Settings, url: str, front: psutil.Process, callers: int, rounds: int
) -> Waiting:
    """Let `callers` wait, and as many listen, at a front that runs: twice in each round."""
    paces = (1 / PACE, 0.0)
    delays: dict[float, list[tuple[list[float], list[float]]]] = {pause: [] for pause in paces}
    database = await asyncpg.connect(settings.database_url.get_secret_value())
    messenger = Messenger(settings)
    ender = _Ender(database, messenger)
    # The first calls of a process load what later ones have.
    await _round(ender, url, min(callers, 20), 0)
    idle = full = front.memory_info().rss
    for _ in range(rounds):
        for pause in paces:
            delays[pause].append(await _round(ender, url, callers, pause))
            full = max(full, front.memory_info().rss)
    await messenger.close()
    await database.close()
    paced, together = (
        Pace(*(Delays.of(rounds_of) for rounds_of in zip(*delays[pause], strict=True)))
        for pause in paces
    )
    return Waiting(callers, paced, together, (round(idle / 1e6, 1), round(full / 1e6, 1)))


async def _round(
    ender: "_Ender", url: str, count: int, pause: float
) -> tuple[list[float], list[float]]:
    """Return the delays of the waiters and of the listeners."""
    jobs = await ender.begin(count)
    async with callers_of(url, _TENANT, jobs) as (waiters, listeners):
        ended = await ender.end(jobs, pause)
        everybody = [*waiters.values(), *listeners.values()]
        await wait_until(lambda: all(caller.ended_at for caller in everybody), "all had the end")
    return _delays(waiters, ended), _delays(listeners, ended)


@dataclass(frozen=True)
class _Ender:
    """Stands in for the workers, without doing any work."""

    database: asyncpg.Connection
    messenger: Messenger

    async def begin(self, count: int) -> list[UUID]:
        """Make `count` jobs that run."""
        rows = await self.database.fetch(
            """INSERT INTO jobs (id, tenant_id, feature, queue, payload, trace_carrier,
                                 request_hash, state, worker_id, attempt, started_at, lease_until)
               SELECT gen_random_uuid(), $1, 'categorization', 'items', $2, '{}', '',
                      'running', 'bench', 1, now(), now() + interval '1 hour'
               FROM generate_series(1, $3) RETURNING id""",
            _TENANT,
            _PAYLOAD,
            count,
        )
        return [UUID(str(row["id"])) for row in rows]

    async def end(self, jobs: Sequence[UUID], pause: float) -> dict[UUID, float]:
        """End the jobs, one after each pause or all with one statement; return when each ended."""
        ended: dict[UUID, float] = {}
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number, batch in enumerate([[job] for job in jobs] if pause else [list(jobs)]):
            await asyncio.sleep(begin + number * pause - loop.time())
            rows = await self.database.fetch(
                """UPDATE jobs SET state = 'succeeded', worker_id = NULL, lease_until = NULL,
                   output = $2, model_id = 'bench', model_version = '1',
                   finished_at = clock_timestamp() WHERE id = ANY($1)
                   RETURNING id, extract(epoch FROM finished_at)::float AS at""",
                batch,
                _OUTPUT,
            )
            ended |= {UUID(str(row["id"])): row["at"] for row in rows}
            await self.messenger.report(batch)
        return ended


def _delays(called: Mapping[UUID, Caller], ended: Mapping[UUID, float]) -> list[float]:
    return [((caller.ended_at or 0) - ended[job]) * 1000 for job, caller in called.items()]
