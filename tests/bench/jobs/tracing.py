"""Measures what traces cost: jobs per second with every span collected, and without any span."""

from collections.abc import Mapping, Sequence

from tests.bench.bench import Bench
from tests.bench.figures import Figure, rate
from tests.bench.loader.asking import jobs_per_second
from tests.support.telemetry.span_collector import span_collector

_JOBS = 600
_WARM_UP = 50


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure with the built-in classifier."""
    return await measure_with(bench, {"FEATURE_LOADER": ""})


async def measure_with(bench: Bench, env: Mapping[str, str]) -> Sequence[Figure]:
    """Run jobs without traces and then traced, in each round, with the settings of `env`."""
    without, traced, spans = [], [], []
    count = bench.count(_JOBS)
    for number in range(bench.rounds):
        bench.note(f"tracing: round {number + 1}")
        without.append(await _jobs_per_second(bench, count, env))
        with span_collector(keep=False) as received:
            collected = {
                "OTEL_ENABLED": "true",
                "OTEL_EXPORTER_OTLP_ENDPOINT": received.endpoint,
            }
            traced.append(await _jobs_per_second(bench, count, {**env, **collected}))
        spans.append(received.count / (count + bench.count(_WARM_UP)))
    return [
        Figure.ratio(
            "traced ÷ without traces", traced, without, anchor="without, jobs/s", goal=0.85
        ),
        rate("without traces", without),
        rate("traced", traced),
        Figure(
            name="spans of a job",
            values=[round(each, 1) for each in spans],
            better="lower",
            comparable=True,
        ),
    ]


async def _jobs_per_second(bench: Bench, count: int, env: Mapping[str, str]) -> float:
    async with bench.system(env) as system:
        await jobs_per_second(system, bench.count(_WARM_UP))
        return await jobs_per_second(system, count)
