"""A small part of the measurements of real work, of growth and of what lasts long: they measure."""

import cProfile
import json
from pathlib import Path

import pytest

from tests.bench.bench import Bench
from tests.bench.figures import NotMeasured
from tests.bench.growth.copies import measure_copies
from tests.bench.growth.rows import measure_rows
from tests.bench.parts import parts
from tests.bench.parts.profiles import shares
from tests.bench.parts.spans import Timed, timed_spans
from tests.bench.pipeline import items, ocr
from tests.bench.pipeline.images import receipt_files
from tests.bench.test_measurements import by_name
from tests.bench.upkeep import cold, memory, soak
from tests.support.telemetry.span_collector import Span

pytestmark = pytest.mark.timeout(120)


async def test_receipts_are_measured_beside_the_pipeline_in_a_loop(bench: Bench) -> None:
    """Both read the same image; the shared worker only pretends to."""
    found = by_name(list(await ocr.measure_with(bench, {}, 1, processes=1)))

    assert found["service ÷ pipeline in a loop"] > 0
    assert found["CPU of a receipt"] >= found["CPU of the front for a receipt"] >= 0
    assert 0.005 < found["size of an image"] < 1


def test_the_receipts_of_a_folder_are_used_again_until_there_are_enough(tmp_path: Path) -> None:
    """A folder without images is an error, and not a measurement of nothing."""
    with pytest.raises(NotMeasured, match="has no image of a receipt"):
        receipt_files(tmp_path, tmp_path, 2)
    for name in ("b.jpg", "a.PNG", "notes.txt"):
        (tmp_path / name).touch()

    files = receipt_files(tmp_path, tmp_path, 3)

    assert [file.name for file in files] == ["a.PNG", "b.jpg", "a.PNG"]


async def test_items_are_measured_beside_the_bare_model(bench: Bench) -> None:
    """Every name is categorised through the service, and embedded without it."""
    found = by_name(list(await items.measure_with(bench, {}, 40)))

    assert found["32 at a time ÷ bare model"] > 0
    assert found["a categorisation among 32: p95"] > 0


async def test_memory_is_measured_before_and_after_many_jobs(bench: Bench) -> None:
    """A worker that only pretends to read receipts has no child."""
    growth = by_name(list(await memory.measure_growth(bench, 4, 8)))
    child = by_name(list(await memory.measure_child(bench, {}, 1)))

    assert growth["front after 4 jobs"] > 20
    assert growth["worker after 12 jobs"] > 20
    assert growth.keys() >= {f"{part}: growth for each 10,000 jobs" for part in ("front", "worker")}
    assert child == {"recognition child: most at any time": 0}


async def test_every_call_is_measured_with_more_rows_and_with_fewer(bench: Bench) -> None:
    """All calls succeed in both systems."""
    found = by_name(list(await measure_rows(bench, (300, 600), times=1)))

    ratios = [name for name in found if name.endswith("600 ÷ 300 rows")]
    assert len(ratios) > 20
    assert all(found[name] > 0 for name in ratios)


async def test_several_fronts_and_workers_share_the_jobs(bench: Bench) -> None:
    """The second front answers as well as the first."""
    found = by_name(list(await measure_copies(bench, (1, 2), 8)))

    assert found["jobs a second, fronts and workers: 2"] > 0
    assert found["CPU of a job: 2 ÷ 1 front and worker"] > 0


async def test_starts_are_measured(bench: Bench) -> None:
    """A process takes some of its time of the CPU."""
    found = by_name(list(await cold.measure_starts(bench, {}, 1)))

    assert all(found[f"{name}: CPU"] > 0 for name in found if f"{name}: CPU" in found)
    assert len(found) == 6


async def test_a_soak_counts_failures_and_watches_what_grows(bench: Bench) -> None:
    """Nothing fails in two windows of a second."""
    found = by_name(list(await soak.measure_soak(bench, {}, 1, windows=2)))

    assert found["jobs that failed"] == 0
    assert found["items: p99"] > 0


async def test_the_cpu_time_of_every_process_is_measured(bench: Bench) -> None:
    """Servers count as well."""
    found = by_name(list(await parts.measure_processes(bench)))

    assert {name.rpartition(": ")[2] for name in found} == {"front", "worker", "Postgres", "Redis"}


def test_spans_are_timed_from_the_request_on() -> None:
    """What few traces have is left out, and so are the first traces."""
    spans = [
        span(trace, name, service, begin, took)
        for trace in range(13)
        for name, service, begin, took in (
            ("POST", "ai", 0, 9 if trace else 900),
            ("store", "ai-worker", 4, 2),
            ("store", "ai-worker", 7, 1),
            *([("connect", "ai", 1, 1)] if trace == 5 else []),
        )
    ]

    assert timed_spans(spans) == {
        "front: POST": Timed(0, 9),
        "worker: store": Timed(4, 2),
        "worker: store (2)": Timed(7, 1),
    }


def span(trace: int, name: str, service: str, begin: int, took: int) -> Span:
    """Return a span that begins and lasts so many milliseconds, in a trace that is a server's."""
    start = trace * 10**9 + begin * 10**6
    return Span(
        service=service,
        name=name,
        kind="SERVER" if name == "POST" else "CLIENT",
        trace_id=f"trace {trace}",
        span_id=name,
        parent_id="",
        start=start,
        end=start + took * 10**6,
        failed=False,
        attributes={},
    )


def test_what_is_not_written_in_python_counts_for_whoever_called_it(tmp_path: Path) -> None:
    """All kinds together are the whole."""
    profile = cProfile.Profile()
    profile.runcall(lambda: [json.loads(json.dumps(list(range(100)))) for _ in range(200)])
    profile.dump_stats(tmp_path / "a.prof")

    found = shares(tmp_path / "a.prof")

    assert found["JSON and contracts"] > found["our own code"] > 0
    assert sum(found.values()) == pytest.approx(100)
