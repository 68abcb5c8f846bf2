"""What is shown of errors that come from other processes and from Postgres."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from asyncpg.exceptions import PostgresError

from shared.errors_elsewhere import ErrorElsewhere
from shared.telemetry.described_errors import describe, describe_with_traceback

MARKER = "zanzibar-crumpet"
FAKE = f'  File "{MARKER}", line 1, in {MARKER}'
HEADER = "Traceback (most recent call last):"


def fail(text: str) -> None:
    """Raise an error with this text, as a child process does."""
    raise ValueError(text)


@pytest.mark.slow
def test_only_the_frames_of_an_error_in_a_child_are_shown() -> None:
    """The text of the error may look like frames, or like a whole traceback."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        error = child.submit(fail, f"\n{FAKE}\n{HEADER}\n{FAKE}\n").exception()
    assert error is not None

    shown = describe_with_traceback((type(error), error, error.__traceback__))
    assert MARKER not in shown
    assert f'"{__file__}", line ' in shown
    assert "in fail" in shown


class RemoteTraceback(Exception):
    """The cause that pebble gives to an error of a child."""


@pytest.mark.parametrize(
    "text", [FAKE, f"  + Exception Group {HEADER}\n  | {FAKE}\n{HEADER}\n{FAKE}"]
)
def test_a_text_that_does_not_begin_with_a_traceback_has_no_frames(text: str) -> None:
    """Nobody knows where they come from."""
    error = RemoteTraceback(text)

    assert MARKER not in describe_with_traceback((type(error), error, None))


def test_an_error_elsewhere_shows_its_frames_and_not_its_text() -> None:
    """The process that had it described it."""
    with pytest.raises(ValueError, match=MARKER) as raised:
        fail(MARKER)
    shown = describe(ErrorElsewhere.of(raised.value))

    assert MARKER not in shown
    assert "ErrorElsewhere: ValueError" in shown
    assert "in fail" in shown


def test_the_detail_of_an_error_of_postgres_is_not_shown() -> None:
    """The detail of an error may quote the row."""
    fields = {"C": "40001", "M": "could not serialize", "D": f"({MARKER})\n{MARKER}", "H": MARKER}
    error = PostgresError.new(fields)

    assert describe(error).endswith("(40001): could not serialize")
