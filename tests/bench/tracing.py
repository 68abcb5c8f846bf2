"""Measures what traces cost: jobs per second with every span collected, and without any span."""

from dataclasses import asdict, dataclass
from statistics import median

from rich.table import Table

from tests.chaos.cluster import cluster
from tests.support.telemetry.span_collector import span_collector

# The least ratio of traced to untraced throughput.
AT_LEAST = 0.65
_WARM_UP = 20


@dataclass(frozen=True)
class Overhead:
    """Jobs per second without traces and traced, with one entry for each round."""

    jobs: int
    without: list[float]
    traced: list[float]
    spans_per_job: float

    @property
    def ratio(self) -> float:
        """Traced over untraced throughput, as the median over the rounds."""
        pairs = zip(self.traced, self.without, strict=True)
        return round(median(traced / without for traced, without in pairs), 3)

    @property
    def passed(self) -> bool:
        """Whether the ratio reaches its bound."""
        return self.ratio >= AT_LEAST

    def figures(self) -> dict[str, object]:
        """Return everything that was measured."""
        return {**asdict(self), "ratio": self.ratio, "at_least": AT_LEAST}

    def table(self) -> Table:
        """Return a table with a line for each way to run."""
        table = Table(title=f"Jobs per second ({self.jobs} categorisations per run)")
        for name in ("", "runs"):
            table.add_column(name)
        table.add_row("without traces", ", ".join(map(str, self.without)))
        table.add_row(
            f"traced, {self.spans_per_job:g} spans per job", ", ".join(map(str, self.traced))
        )
        table.add_row("median ratio", f"{self.ratio} (at least {AT_LEAST})")
        return table


async def measure(jobs: int, rounds: int) -> Overhead:
    """Categorise `jobs` names without traces and then traced, `rounds` times."""
    without, traced, spans = [], [], 0
    for _ in range(rounds):
        without.append(await _jobs_per_second(jobs))
        with span_collector(keep=False) as received:
            traced.append(
                await _jobs_per_second(
                    jobs, OTEL_ENABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT=received.endpoint
                )
            )
        spans += received.count
    return Overhead(jobs, without, traced, round(spans / rounds / (jobs + _WARM_UP), 1))


async def _jobs_per_second(jobs: int, **env: str) -> float:
    """Return the throughput from the first submission to the last result, by Postgres's clock."""
    async with cluster(1, 1, FEATURE_LOADER="", **env) as system:
        await system.submit("warm up", _WARM_UP)
        await system.all_finished()
        measured = await system.submit("item", jobs)
        await system.all_finished()
        async with system.database() as database:
            took: float = await database.fetchval(
                """SELECT extract(epoch FROM max(finished_at) - min(created_at))::float
                   FROM jobs WHERE id = ANY($1)""",
                measured,
            )
    return round(len(measured) / took, 1)
