"""`grocery-ai extract` on a terminal: its progress bar, and Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from shared.local.receipt_image import DrawnItem, DrawnReceipt, draw_receipt, encode
from tests.support.processes.alive import is_alive
from tests.support.waiting import wait_until
from tests.worker.cli.conftest import PROGRAM
from tests.worker.features.test_child_reports import scan

pytestmark = pytest.mark.slow


def test_the_bar_counts_pages(tmp_path: Path, drawn: DrawnReceipt) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(scan(drawn, pages=3))
    terminal, side = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "extract", path],
        stdout=subprocess.DEVNULL,
        stderr=side,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    ) as process:
        os.close(side)
        shown = _everything(terminal)

    assert process.returncode == 0
    counts = re.findall(r"\d/\d", shown)
    assert counts[0] == "0/1"
    assert {"1/3", "2/3"} <= set(counts)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cpu", [0.2, 3], ids=["while a child imports", "while it reads"])
async def test_ctrl_c_stops_it(tmp_path: Path, cpu: float) -> None:
    """A terminal sends it to the children too. One line is printed, and no process is left.

    `cpu`: how many seconds of CPU a child has used when the signal comes.
    """
    items = [DrawnItem(f"Item number {n}", Decimal(n)) for n in range(45)]
    image = encode(draw_receipt(DrawnReceipt(items=items)))
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(image)
    with _group("extract", tmp_path) as process:
        await wait_until(lambda: _worked(process.pid, cpu), "a child began", within=60)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=30)

    assert process.returncode == 130
    assert stderr == "Stopped.\n"
    assert family
    await wait_until(lambda: not any(map(is_alive, family)), "the last child ended")


def _group(*arguments: str | Path) -> "subprocess.Popen[str]":
    """Start the program in a process group of its own, as a shell does."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [PROGRAM, *arguments], stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def _worked(pid: int, cpu: float) -> bool:
    children = psutil.Process(pid).children()
    return any(sum(child.cpu_times()[:2]) > cpu for child in children)


def _everything(terminal: int) -> str:
    """Read what is written to a terminal until no process has it open any more."""
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65_536)
        except OSError:
            # This is how Linux reports that the other side is closed.
            os.close(terminal)
            return shown.decode()
