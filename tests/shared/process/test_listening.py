"""The sockets of a front or a worker, and starting on a port that is taken."""

import socket
from contextlib import ExitStack

import pytest

from shared.errors import PortTaken
from shared.process.listening import listen
from shared.settings import Settings
from tests.support.processes.failed_start import failed_start


def test_a_host_with_several_addresses_is_listened_on_at_all_of_them() -> None:
    """Port 0 stands for the same port on each. An empty host has an address of IPv4 and of IPv6."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listen("", 0, "PORT")]
        (port,) = {each.getsockname()[1] for each in sockets}

        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=5).close()
        with pytest.raises(
            PortTaken, match=f"^Cannot listen on ::1:{port}: Address already in use"
        ):
            listen("::1", port, "PORT")


def test_an_answer_in_two_parts_is_not_held_back() -> None:
    """The body does not wait until the caller acknowledges the headers, which takes 40 ms."""
    with ExitStack() as stack:
        (server,) = (stack.enter_context(each) for each in listen("127.0.0.1", 0, "PORT"))
        stack.enter_context(socket.create_connection(server.getsockname(), timeout=5))
        connection = stack.enter_context(server.accept()[0])

        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@pytest.mark.parametrize("host", ["a..b", "host.invalid"])
def test_a_host_that_cannot_be_resolved_is_named(host: str) -> None:
    with pytest.raises(PortTaken, match=f"^Cannot listen on {host}:0: HOST must be"):
        listen(host, 0, "PORT")


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
    assert line["reason"].startswith(f"Cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert f"choose another {setting} " in line["reason"]
