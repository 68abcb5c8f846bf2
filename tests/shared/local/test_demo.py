"""bin/demo, run as a user runs it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts.rich import RichReceipt
from shared.local.checkout import DATA
from tests.support.waiting import wait_until

DEMO = [sys.executable, "-m", "shared.local", "demo"]


def test_the_demo_reads_a_receipt(tmp_path: Path) -> None:
    """Standard output is the finished job as JSON, and the drawn receipt is saved.

    It leaves no process and no folder behind.
    """
    mark = f"DEMO_{uuid4().hex}"
    done, pid = _run("--json", "--save", str(tmp_path / "kept"), **{mark: "1"})

    assert done.returncode == 0, done.stderr
    job = JobView.model_validate_json(done.stdout)
    assert job.status is JobStatus.SUCCEEDED
    assert RichReceipt.model_validate(job.output_payload).extraction.line_items
    assert (tmp_path / "kept/receipt.jpg").read_bytes().startswith(b"\xff\xd8")
    assert _processes_with(mark) == []
    assert _folders_of(pid) == []


def _in_the_way(folder: Path) -> str:
    (folder / "receipt.jpg").write_text("somebody's own")
    return str(folder)


def _no_folder(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file")


def _no_image(folder: Path) -> str:
    (folder / "receipt.jpg").write_text("nothing to see")
    return str(folder / "receipt.jpg")


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (["nowhere.jpg"], {}, "nowhere.jpg"),
        ([_no_image], {}, "image"),
        (["--save", _in_the_way], {}, "is there already: choose another folder for --save"),
        (["--save", _no_folder], {}, "cannot be written (File exists): choose another folder"),
        ([], {"DATABASE_URL": "mysql://u:geheim@h/n"}, "DATABASE_URL: The URL must begin with"),
        ([], {"REDIS_URL": "redis://:geheim@a..b"}, "REDIS_URL: The host of the URL"),
        ([], {"LEASE": "nonsense"}, "LEASE: "),
        (
            [],
            {"DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/n", "REDIS_URL": ""},
            "DATABASE_URL: Postgres cannot be reached",
        ),
        (
            [],
            {
                "DATABASE_URL": "postgresql://u:geheim@h/n",
                "REDIS_URL": "redis://:geheim@127.0.0.1:1",
            },
            "REDIS_URL: Redis cannot be reached",
        ),
    ],
)
def test_the_demo_says_at_once_why_it_cannot_run(
    tmp_path: Path, arguments: list[object], env: dict[str, str], says: str
) -> None:
    """The demo exits with code 1 and one line, without traceback or password; no folder is left."""
    given = (value(tmp_path) if callable(value) else str(value) for value in arguments)
    done, pid = _run(*given, **env)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("bin/demo: ")
    assert says in line
    assert "geheim" not in line
    assert _folders_of(pid) == []


def test_the_demo_ends_when_a_component_is_unavailable(no_tesseract: dict[str, str]) -> None:
    """The last line of the demo names the component and says what to do."""
    done, _ = _run(**no_tesseract)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("bin/demo: ocr is unavailable: OCR_ENGINE=tesseract, but there is no ")
    assert "set OCR_ENGINE=auto" in line


@pytest.mark.parametrize("command", ["demo", "dev"])
def test_a_wrong_argument_is_named_in_one_line(command: str) -> None:
    """The line points to --help."""
    program = [*DEMO[:-1], command, "--colour"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == (
        f"bin/{command}: unrecognized arguments: --colour (bin/{command} --help shows the usage)\n"
    )


@pytest.mark.parametrize("at", ["initdb", "api"])
async def test_ctrl_c_ends_the_demo_at_any_moment(at: str) -> None:
    """Ctrl-C comes while the program `at` starts. No traceback, process or folder is left."""
    mark = f"DEMO_{uuid4().hex}"
    with _demo({**os.environ, mark: "1"}) as demo:
        await wait_until(lambda: _starts(demo.pid, at), f"it started {at}", within=60)
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=30)

    # Python may end itself by the signal, which a shell shows as 130 as well.
    assert demo.returncode in (130, -signal.SIGINT)
    assert errors.decode().splitlines()[-1] == "Stopped."
    assert b"Traceback" not in errors
    assert _processes_with(mark) == []
    assert _folders_of(demo.pid) == []


def _run(*arguments: str, **env: str) -> tuple["subprocess.CompletedProcess[str]", int]:
    """Run the demo to its end; return its result and its process id."""
    command = [*DEMO, *arguments]
    with subprocess.Popen(
        command,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        out, errors = demo.communicate()
    return subprocess.CompletedProcess(command, demo.returncode, out, errors), demo.pid


def _folders_of(pid: int) -> list[Path]:
    """Return the folders that a run has left; other tests have theirs beside them."""
    return list(DATA.glob(f"run-{pid}-*"))


def _demo(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(DEMO, env=env, stderr=subprocess.PIPE)


def _starts(parent: int, program: str) -> bool:
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            if any(Path(word).name == program for word in child.cmdline()):
                return True
    return False


def _processes_with(variable: str) -> list[psutil.Process]:
    """Return the processes that have inherited an environment variable."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if variable in process.environ():
                found.append(process)
    return found
