"""A port that somebody else listens on."""

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
    """At once: one line that names the port, the setting and what to do, and exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (line,) = await failed_start(program, settings, {setting: str(port)})

    assert (line["message"], line["level"]) == (says, "error")
    assert line["error"] == "port_taken"
    assert line["reason"].startswith(f"127.0.0.1:{port} cannot be listened on")
    assert f"choose another {setting} " in line["reason"]
