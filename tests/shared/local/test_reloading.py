"""The reloader of the development stack restarts its program, and leaves the log to it."""

import json
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from shared.local.checkout import ROOT
from shared.local.processes import running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

PROGRAM = """
import json, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print(json.dumps({"number": NUMBER}), flush=True)
signal.sigwait({signal.SIGTERM})
sys.exit(CODE)
"""


@pytest.mark.timeout(60)
async def test_a_change_restarts_the_program_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    """The program gets SIGTERM each time; the log has its own lines and no others."""
    source, log = tmp_path / "watched/__main__.py", tmp_path / "log"
    source.parent.mkdir()

    def write(number: int, code: int) -> None:
        text = PROGRAM.replace("NUMBER", str(number)).replace("CODE", str(code))
        source.write_text(text)

    def lines() -> list[int]:
        return [json.loads(line)["number"] for line in log.read_text().splitlines()]

    def ran(number: int) -> bool:
        return lines()[-1:] == [number]

    write(1, 0)
    command = [sys.executable, "-m", "shared.local.reloading", "watched", "watched"]
    environment = {"PYTHONPATH": str(ROOT)}
    with running(command, cwd=tmp_path, env=environment, log=log) as process:
        for number in (1, 2, 3):
            await wait_until(partial(ran, number), f"{number} ran", within=15)
            if number < 3:
                write(number + 1, number)
        process.send_signal(signal.SIGTERM)
        await wait_until(lambda: process.poll() is not None, "the reloader ended", within=15)
        assert process.returncode == 2

    assert lines() == [1, 2, 3]
