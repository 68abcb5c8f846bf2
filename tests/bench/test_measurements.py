"""A small part of each measurement: it measures. How fast this machine is, is no test."""

from collections.abc import Mapping

import pytest

from tests.bench.bench import Bench
from tests.bench.calls import connections, get, wait
from tests.bench.figures import Figure, NotMeasured
from tests.bench.jobs import batch, dispatch, fairness, images, mixed, path, tokens, tracing
from tests.bench.loader.asking import load
from tests.bench.running.system import NO_OP
from tests.bench.running.wires import Wires
from tests.bench.upkeep import rest
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)


def by_name(figures: list[Figure]) -> dict[str, float]:
    """Return the medians by name; no two figures share a name."""
    medians = {figure.name: figure.median for figure in figures}
    assert len(medians) == len(figures)
    return medians


async def test_the_way_of_a_job_is_measured_and_counted(bench: Bench) -> None:
    """Every job makes at least the round trips without which it could not be done."""
    found = by_name(list(await path.measure(bench)))

    assert found["one by one with long poll ÷ bare arq"] > 0
    assert 0 < found["idle, at random times: p50"] <= found["idle, at random times: p99"]
    # At least an insertion and a result, and a publication. What an idle system sends is
    # subtracted, and only estimated from a short time.
    assert found["a job alone: Postgres round trips"] >= 2
    assert found["a job alone: statements"] >= 2
    assert found["a job alone: Redis round trips"] >= 1


async def test_other_queues_are_measured_beside_ours(bench: Bench) -> None:
    """Every job of each queue runs."""
    found = by_name(list(await dispatch.measure(bench)))

    assert found.keys() >= {"ours ÷ SAQ", "ours ÷ bare arq", "arq at its defaults"}
    assert all(median > 0 for median in found.values())


async def test_batches_are_measured(bench: Bench) -> None:
    """Every job of every batch ends."""
    found = by_name(list(await batch.measure(bench)))

    assert found["batches of 2 ÷ SAQ"] > 0
    assert found["batches of 2, 4 at a time"] > 0


async def test_a_call_that_is_refused_says_why(bench: Bench) -> None:
    """What a loader wrote last is the reason, and the other measurements go on."""
    async with bench.system() as system:
        with pytest.raises(NotMeasured, match="the front answered 404"):
            await load(system, "repeat", path="/nowhere", count=1)


async def test_items_are_measured_behind_receipts(bench: Bench) -> None:
    """Both queues have jobs at the same time."""
    found = by_name(list(await mixed.measure_behind(bench, 2, {})))

    assert 0 < found["an item behind 2 receipts: p50"] <= found["an item behind 2 receipts: p95"]


async def test_a_newcomer_is_measured_behind_another_tenant(bench: Bench) -> None:
    """The jobs of the other are still there when its own has ended."""
    found = by_name(list(await fairness.measure(bench)))

    assert all(value > 0 for value in found.values())


async def test_a_call_is_measured_against_a_bare_route(bench: Bench) -> None:
    """Both routes return the same bytes."""
    found = by_name(list(await get.measure(bench)))

    assert found["calls per second ÷ bare route"] > 0
    assert found["CPU of the front for a call"] > 0


async def test_what_idle_processes_take_is_measured(bench: Bench) -> None:
    """A worker beats and repairs even if there is no work. A round ends when it has done both."""

    async def busy(wires: Mapping[str, Wires]) -> None:
        worker = wires["worker"]
        statements, commands = worker.postgres.requests, worker.redis.requests
        await wait_until(
            lambda: worker.postgres.requests > statements and worker.redis.requests > commands,
            "the idle worker beat and repaired",
            within=30,
        )

    env = {"FEATURE_LOADER": NO_OP, "LEASE": "2", "HEARTBEAT": "0.5", "RECONCILE_INTERVAL": "0.3"}
    found = by_name(list(await rest.measure_idle(bench, env, busy)))

    assert found["worker: Redis commands"] > 0
    # A statement that is new to a connection is prepared first, in a round trip of its own.
    # The figures are rounded.
    most = 2 * found["worker: Postgres statements"] + 0.1
    assert 0 < found["worker: Postgres round trips"] <= most
    assert found.keys() >= {"front: CPU of a core", "worker: CPU of a core"}


async def test_the_delays_of_callers_are_measured(bench: Bench) -> None:
    """Every waiter and every listener gets the end of its job."""
    found = await wait.measure(bench)

    assert all(figure.median > 0 for figure in found)
    assert len(by_name(list(found))) == 6


async def test_the_cost_of_traces_is_measured(bench: Bench) -> None:
    """The traced run sends spans."""
    found = by_name(list(await tracing.measure_with(bench, {})))

    assert found["traced ÷ without traces"] > 0
    # Its request, its wait and its run are a job's own; trips to servers may be those of several.
    assert found["spans of a job"] >= 3


async def test_the_cost_of_tokens_is_measured(bench: Bench) -> None:
    """Every job is accepted by both fronts."""
    found = by_name(list(await tokens.measure(bench)))

    assert found["tokens ÷ off"] > 0
    assert found["CPU of the front, off ÷ tokens"] > 0


async def test_failures_on_idle_connections_are_counted(bench: Bench) -> None:
    """A connection is used again while the front keeps it, and found closed after that."""
    found = await connections.measure_uses(bench, 4, keep_alive=2, short=(0.1, 0.3), long=(2.5, 3))

    kept, kept_opened, ours, closed, closed_opened = [figure.median for figure in found]
    assert (kept, kept_opened) == (0, 0)
    assert (ours, closed, closed_opened) == (0, 0, 4)


async def test_the_places_of_images_are_measured(bench: Bench) -> None:
    """With an object store, the journal of Postgres has no images."""
    found = by_name(list(await images.stored_only(bench)))

    assert found["stored and fetched only: S3 (test server)"] > 0
    assert found["stored and fetched only: a folder ÷ Postgres"] > 0
    assert found["journal of Postgres: Postgres"] > 5
    assert found["journal of Postgres: a folder"] < 1
