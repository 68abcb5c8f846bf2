"""Starting a front or a worker on a port that is taken."""

import socket

import pytest

from shared.settings import Settings
from tests.support.failed_start import failed_start


@pytest.mark.parametrize(
    ("program", "setting", "says"),
    [("api", "PORT", "front.stopped"), ("worker", "WORKER_PORT", "worker.stopped")],
)
async def test_a_taken_port_stops_the_start(
    settings: Settings, program: str, setting: str, says: str
) -> None:
    """The process exits with code 1 and logs one line: port, setting, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (line,) = await failed_start(program, settings, {setting: str(port)})

    assert (line["message"], line["level"]) == (says, "error")
    assert line["error"] == "port_taken"
    assert line["reason"].startswith(f"127.0.0.1:{port} cannot be listened on")
    assert f"choose another {setting} " in line["reason"]
