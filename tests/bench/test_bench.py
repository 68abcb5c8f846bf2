"""bin/bench itself: what it refuses, how it judges figures, and what it counts."""

import asyncio
import sys
from io import StringIO
from pathlib import Path

import asyncpg
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from shared.local import stack
from shared.local.processes import free_port
from tests.bench.__main__ import bench as command
from tests.bench.__main__ import report
from tests.bench.anchors.queues import SAQ
from tests.bench.bench import Bench
from tests.bench.figures import Figure, NotMeasured, number, percentile, rate
from tests.bench.loader.http import Connection
from tests.bench.measurements import MEASUREMENTS, Measurement, measure
from tests.bench.report.comparison import Verdict, compare
from tests.bench.report.saved import Machine, Measured, NotSaved, Saved, read, save
from tests.bench.running.wires import Commands, Statements
from tests.support.waiting import wait_until

MACHINE = Machine(processor="slow", cores=2, memory_gb=8, system="Linux", python="3.11")
OTHER_MACHINE = MACHINE.model_copy(update={"processor": "fast"})


def bench(*arguments: str) -> Result:
    """Run the command."""
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def measured(*figures: Figure, machine: Machine = MACHINE) -> Measured:
    """Return a measurement with these figures."""
    return Measured(machine=machine, rounds=3, size=1, noise=0, figures=list(figures))


def ratio(*values: float) -> Figure:
    """Return a ratio that should be high."""
    return Figure(name="ratio", values=list(values), better="higher", comparable=True)


def test_an_unknown_measurement_is_an_error_that_lists_the_names() -> None:
    """A mistyped name measures nothing."""
    ran = bench("--only", "nonsense")

    assert ran.exit_code == 2
    assert "'nonsense' is none of: dispatch, path" in ran.stderr


def test_figures_of_profiled_processes_are_not_saved() -> None:
    """A profiler slows them down."""
    ran = bench("--profile", "profiles", "--save", "figures.json")

    assert ran.exit_code == 2
    assert "cannot be saved or compared" in ran.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no JSON", "Invalid JSON"),
        ('{"version": 2, "measurements": {}}', "version: Input should be 1"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_file_of_figures_is_refused_before_anything_runs(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    """Minutes of measuring would be lost otherwise."""
    file = tmp_path / "figures.json"
    if text is not None:
        file.write_text(text)

    with pytest.raises(NotSaved, match=reason):
        read(file)
    ran = bench("--compare", str(file))
    assert ran.exit_code == 2
    assert "figures.json" in ran.stderr


def test_figures_of_another_size_are_not_compared(tmp_path: Path) -> None:
    """A ratio of a few jobs is another than that of many. It is refused before anything runs."""
    file = tmp_path / "figures.json"
    save(file, {"get": measured(ratio(0.5))})

    ran = bench("--only", "get", "--size", "0.5", "--compare", str(file))

    assert ran.exit_code == 2
    assert "get was measured with --size 1" in ran.stderr


def test_saved_figures_are_read_again_and_those_of_others_stay(tmp_path: Path) -> None:
    """Measurements take long, and are made on several days."""
    file = tmp_path / "figures.json"
    first, second = measured(ratio(0.5)), measured(ratio(0.7))

    save(file, {"path": first, "get": first})
    save(file, {"get": second})

    assert read(file).measurements == {"path": first, "get": second}


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (ratio(0.5), ratio(0.48), Verdict.SAME),
        (ratio(0.5), ratio(0.46), Verdict.WORSE),
        (ratio(0.5), ratio(0.54), Verdict.BETTER),
        # Half of the spread is 0.04, so the tolerance is 0.065.
        (ratio(0.5), ratio(0.42, 0.46, 0.50), Verdict.SAME),
        (number("trips", [5]), number("trips", [5.5]), Verdict.WORSE),
        (number("failed", [0]), number("failed", [1]), Verdict.WORSE),
        (number("failed", [0]), number("failed", [0]), Verdict.SAME),
    ],
)
def test_a_figure_is_worse_beyond_the_tolerance_and_its_noise(
    then: Figure, now: Figure, verdict: Verdict
) -> None:
    """A difference within the spread of the rounds shows nothing."""
    (change,) = compare(measured(then), measured(now.model_copy(update={"name": then.name})))

    assert change.verdict is verdict
    assert change.failed == (verdict is Verdict.WORSE)


def test_what_depends_on_the_machine_fails_nothing_but_its_goal() -> None:
    """On another machine it is not even compared."""
    then, now = measured(rate("jobs", [100])), rate("jobs", [50])

    (same,) = compare(then, measured(now))
    (other,) = compare(then, measured(now, machine=OTHER_MACHINE))

    assert (same.verdict, same.failed) == (Verdict.WORSE, False)
    assert (other.verdict, other.failed) == (Verdict.OTHER_MACHINE, False)


def test_a_ratio_that_is_no_longer_measured_fails() -> None:
    """Renaming a figure must not hide that it became worse."""
    gone, new = compare(measured(ratio(0.5)), measured(number("other", [1])))

    assert (gone.verdict, gone.failed) == (Verdict.GONE, True)
    assert (new.verdict, new.failed) == (Verdict.NEW, False)


@pytest.mark.parametrize(
    ("earlier", "missing", "passed", "said"),
    [
        # The goal is missed.
        (None, {}, False, "≥ 0.5"),
        # It was missed before, too.
        (ratio(0.41), {}, True, "same"),
        (ratio(0.3), {}, True, "better"),
        (ratio(0.3), {"batch": "No such call."}, False, "No such call."),
        # It was missed before, but by less.
        (ratio(0.45), {}, False, "worse"),
        # It was reached before, in rounds that differ so much that nothing is worse.
        (ratio(0.1, 0.5, 0.9), {}, False, "same"),
        # The file does not have the figure.
        (number("other", [1]), {}, False, "new"),
    ],
)
def test_a_missed_goal_fails_unless_it_was_missed_before_and_nothing_is_worse(
    earlier: Figure | None, missing: dict[str, str], passed: bool, said: str
) -> None:
    """Neither a goal that is not reached yet nor a noisy file hides that something became worse."""
    now = measured(Figure.ratio("ratio", [0.4], [1], anchor="bare", goal=0.5))
    saved = Saved(measurements={"get": measured(earlier)}) if earlier else None
    printed = StringIO()

    assert report({"get": now}, missing, saved, Console(file=printed, width=130)) is passed
    assert said in printed.getvalue()
    assert "bare: 1" in printed.getvalue()


def test_a_measurement_that_the_file_lacks_is_judged_by_its_goals() -> None:
    """A new measurement may not pass because nobody has saved it yet."""
    now = measured(Figure.ratio("ratio", [0.4], [1], anchor="bare", goal=0.5))
    saved = Saved(measurements={"path": measured(ratio(0.4))})

    assert not report({"get": now}, {}, saved, Console(file=StringIO()))


async def _no_database(_bench: Bench) -> list[Figure]:
    await asyncpg.connect(f"postgresql://127.0.0.1:{free_port()}/nowhere")
    return []


async def _one_job(_bench: Bench) -> list[Figure]:
    return [number("jobs", [1])]


def test_an_error_of_one_measurement_keeps_the_figures_of_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What took minutes is not lost. Whoever mends the error sees where it came from."""
    monkeypatch.setitem(MEASUREMENTS, "get", Measurement("fails", _no_database))
    monkeypatch.setitem(MEASUREMENTS, "path", Measurement("works", _one_job))
    made = Bench(servers=stack.Servers("", ""), folder=tmp_path, template="")

    found, missing = measure(["get", "path"], made)

    assert [figure.name for figure in found["path"].figures] == ["jobs"]
    assert found.keys().isdisjoint(missing)
    assert "_no_database" in missing["get"]
    assert "ConnectionRefusedError" in missing["get"]


@pytest.mark.parametrize(
    ("noise", "noisy", "saved"),
    [(0.5, False, {"path"}), (0.5, True, {"path", "get"}), (0.05, False, {"path", "get"})],
)
def test_figures_that_others_disturbed_are_not_saved_by_mistake(
    tmp_path: Path, noise: float, noisy: bool, saved: set[str]
) -> None:
    """What is compared with them later would seem to be good."""
    file = tmp_path / "figures.json"
    quiet = measured(ratio(0.5))
    found = {"path": quiet, "get": quiet.model_copy(update={"noise": noise})}

    unsaved = save(file, found, noisy=noisy)

    assert read(file).measurements.keys() == saved
    assert unsaved == sorted(found.keys() - saved)


def test_figures_reach_their_goals_from_the_right_side() -> None:
    """More is better for some, less for others."""
    high = Figure.ratio("x", [1, 2, 9], [2, 4, 10], anchor="y", goal=0.5)

    assert (high.median, high.reached) == (0.5, True)
    assert number("trips", [7], goal=6).reached is False
    assert number("trips", [7]).reached is None


def test_percentiles_lie_between_neighbours() -> None:
    """As with the inclusive method of `statistics.quantiles`."""
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([0, 10], 95) == 9.5
    assert percentile([4], 99) == 4


async def test_a_missing_anchor_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has installed the packages some other way lacks it."""
    monkeypatch.setitem(sys.modules, "saq", None)

    with pytest.raises(NotMeasured, match="run bin/setup"):
        await SAQ.jobs_per_second("redis://nowhere", 1)


async def test_a_call_on_a_connection_that_was_closed_fails() -> None:
    """A measurement would wait for its answer for ever."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        connection = await Connection.open(f"http://127.0.0.1:{port}", "tenant")
        assert connection.transport is not None
        await wait_until(connection.transport.is_closing, "the connection was closed")

        with pytest.raises(ConnectionError, match="closed the idle connection"):
            await connection.get("/")


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_statements_and_commands_are_counted_however_they_arrive(step: int) -> None:
    """Packets break messages anywhere."""
    start = (8).to_bytes(4) + b"TLS?" + (9).to_bytes(4) + b"start"
    query = b"Q" + (4 + 7).to_bytes(4) + b"COMMIT\0"
    parsed = b"P" + (4 + 3).to_bytes(4) + b"E\0\0"
    executed = b"E" + (4 + 5).to_bytes(4) + b"\0\0\0\0\0" + b"S" + (4).to_bytes(4)
    commands = b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$4\r\n*\r\nx\r\n"

    assert _fed(Statements(), start + query + parsed + executed, step) == 2
    assert _fed(Commands(), commands, step) == 2


def _fed(counter: Statements | Commands, data: bytes, step: int) -> int:
    return sum(counter.feed(data[begin : begin + step]) for begin in range(0, len(data), step))
