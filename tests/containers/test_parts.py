"""What bin/test-containers is made of, as far as it needs no engine."""

import subprocess
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from shared.local.checkout import ROOT
from tests.containers.bases import base_image, images_of_others
from tests.containers.commands import Failed, check, output_of, wait_for
from tests.containers.logs import lines_that_are_not_json
from tests.containers.plan import FAILED, NOT_RUN, PASSED, Outcome, Step, carry_out
from tests.containers.steps import STEPS
from tests.containers.table import images_table, steps_table

STAND_IN = Path(__file__).parent / "stand_in"


def test_a_step_is_not_run_whose_needs_failed() -> None:
    """The cause is named, a step that needs nothing runs all the same."""

    def act(name: str) -> str:
        check(name != "broken", "it is broken")
        return f"did {name}"

    steps = [
        Step("first", lambda _: act("broken")),
        Step("second", lambda _: act("second"), ("first",)),
        Step("third", lambda _: act("third"), ("second",)),
        Step[None]("fourth", lambda _: act("fourth")),
    ]
    outcomes = list(carry_out(steps, None))

    assert [(outcome.result, outcome.notes) for outcome in outcomes] == [
        (FAILED, "it is broken"),
        (NOT_RUN, "needs: first"),
        (NOT_RUN, "needs: second"),
        (PASSED, "did fourth"),
    ]


def test_every_step_comes_after_what_it_needs() -> None:
    names = [step.name for step in STEPS]

    assert len(set(names)) == len(names)
    for number, step in enumerate(STEPS):
        assert set(step.needs) <= set(names[:number]), step.name


def test_the_table_has_steps_and_where_images_come_from() -> None:
    shown = StringIO()
    screen = Console(width=120, file=shown)
    screen.print(steps_table([Outcome("a step", 1.25, PASSED, "[3] jobs, lost 0")]))
    screen.print(
        images_table({"redis:8": "stand-in", "postgres:16": "real"}, {"redis:8": 2_000_000})
    )
    text = shown.getvalue()

    for part in ("a step", "1.2", "[3] jobs, lost 0", "stand-in", "real", " 2 "):
        assert part in text


@pytest.mark.slow
def test_a_command_that_fails_is_named_with_what_it_said() -> None:
    with pytest.raises(Failed, match=r"`sh -c .*` exited with 3:\nwhy"):
        output_of(["sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(Failed, match="in vain until it was there"):
        wait_for(lambda: False, "it was there", 0)


@pytest.mark.parametrize(
    ("log", "wrong"),
    [
        ('{"message": "front.ready"}\n\n{"level": "info"}\n', []),
        ('{"a": 1}\nTraceback (most recent call last):\n', ["Traceback (most recent call last):"]),
        ("7\n[1]\n", ["7", "[1]"]),
    ],
)
def test_lines_that_are_not_json_are_found(log: str, wrong: list[str]) -> None:
    assert lines_that_are_not_json(log) == wrong


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted(STAND_IN.glob("*.sh")), ids=lambda path: path.name)
def test_the_entry_points_of_stand_ins_are_valid(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_what_has_to_be_stood_in_for_is_read_from_our_files() -> None:
    """The tags are those that the Dockerfile and the Compose files name."""
    dockerfile = (ROOT / "config/Dockerfile").read_text()

    assert f"FROM {base_image()} AS base" in dockerfile
    assert {"postgres", "redis", "prometheus"} <= images_of_others().keys()
    assert not {"api", "migrate", "elixir-app"} & images_of_others().keys()
