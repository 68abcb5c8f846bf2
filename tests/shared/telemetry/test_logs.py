"""The log: our lines and those of libraries have one format, carry ids, and show no secrets."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import logging, sys
import structlog
from shared.telemetry.logs import configure_logging
from opentelemetry import context
from shared.telemetry.trace_context import carried

configure_logging("INFO", sys.argv[1])
context.attach(carried(
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
))
log = structlog.get_logger("ours")

def fail():
    image = "c2VjcmV0" * 10
    raise ValueError(image)

with structlog.contextvars.bound_contextvars(job_id="j-1"):
    log.info("job.done", ms=3)
    logging.getLogger("theirs").warning("disk %s", "full", extra={"free": 1})
    try:
        fail()
    except ValueError:
        log.exception("job.bug")
logging.getLogger("arq.worker").info("every poll")
for dependency in ("redis", "database", "redis"):
    log.warning("dependency.away", away=True, dependency=dependency)
for name in ("opentelemetry.a", "opentelemetry.b"):
    logging.getLogger(name).warning("no collector")
"""
ENDING = """
from shared.telemetry.logs import configure_logging

configure_logging("INFO", "json")
raise ValueError("c2VjcmV0c2VjcmV0")
"""


def lines(style: str) -> list[str]:
    """Run PROGRAM with a style, and return the lines that it writes to stdout."""
    command = [sys.executable, "-c", PROGRAM, style]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_every_line_is_json_with_the_ids_to_find_it_by() -> None:
    """Lines of libraries and tracebacks are JSON too."""
    ours, theirs, bug, *_ = map(json.loads, lines("json"))

    assert (ours["level"], ours["logger"], ours["message"]) == ("info", "ours", "job.done")
    assert ours["ms"] == 3
    assert ours["timestamp"].endswith("Z")
    assert (theirs["logger"], theirs["message"], theirs["free"]) == ("theirs", "disk full", 1)
    for line in (ours, theirs, bug):
        assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
        assert line["span_id"] == "b7ad6b7169203331"
        assert line["job_id"] == "j-1"


def test_a_dependency_that_is_away_is_reported_once_a_minute() -> None:
    """Each dependency has a line of its own, and a collector has one for all libraries."""
    away = [line for line in map(json.loads, lines("json")) if line["level"] == "warning"][1:]

    assert [line.get("dependency") for line in away] == ["redis", "database", None]
    assert away[-1]["logger"] == "opentelemetry.a"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_no_contents(style: str) -> None:
    """Variables and texts of exceptions may hold an image or a password."""
    text = "\n".join(lines(style))

    assert "ValueError" in text
    assert ", in fail" in text
    assert "c2VjcmV0c2VjcmV0" not in text
    assert "every poll" not in text


def test_the_exception_that_ends_a_process_is_logged() -> None:
    """Python would print it to stderr, with its text."""
    command = [sys.executable, "-c", ENDING]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    line = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (line["level"], line["message"]) == ("critical", "process.failed")
    assert line["exception"].endswith("ValueError")
