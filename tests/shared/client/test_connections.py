"""Idle connections: how long they are kept, and what happens if the other side closes one."""

from dataclasses import replace

import pytest

from shared.client import connections
from shared.client.errors import ServiceUnreachable
from tests.support.both_clients import Kind, open_client
from tests.support.runners import LABELS
from tests.support.scripted_server import Act, html, ok, scripted

ALIVE = ok({"status": "ok"})
KEPT = replace(ALIVE, keep=True)
JOB_REFUSED = html(404)


@pytest.mark.parametrize(("idle", "opened"), [(connections.IDLE, 1), (0, 2)])
async def test_idle_connections_are_dropped_in_time(
    kind: Kind, monkeypatch: pytest.MonkeyPatch, idle: float, opened: int
) -> None:
    """The client drops a connection before the front does, which keeps it for 75 s."""
    monkeypatch.setattr(connections, "IDLE", idle)
    async with scripted(KEPT) as server, open_client(kind, server.url) as client:
        await client.live()
        await client.live()

    assert server.connections == opened
    assert connections.IDLE < 75


async def test_a_submission_on_a_closed_connection_is_sent_again_at_once(kind: Kind) -> None:
    """The key makes that safe. It does not count as a retry, so it happens without retries too."""
    async with (
        scripted(KEPT, "drop", JOB_REFUSED) as server,
        open_client(kind, server.url, retries=0) as client,
    ):
        await client.live()
        with pytest.raises(Exception, match="404"):
            await client.submit("categorization", {})

    _, first, second = server.seen
    assert (first.connection, second.connection) == (1, 2)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


SCRIPTS: dict[str, tuple[list[Act], int]] = {
    "the second try is dropped too": ([KEPT, "drop", "drop"], 3),
    "a new connection is dropped": ([ALIVE, "drop"], 2),
    "the service is silent": ([KEPT, "silence"], 2),
}


@pytest.mark.parametrize(("script", "requests"), SCRIPTS.values(), ids=SCRIPTS)
async def test_other_failures_are_not_repeated_at_once(
    kind: Kind, script: list[Act], requests: int
) -> None:
    """Only an idle connection may be closed without the service having seen the request."""
    async with (
        scripted(*script) as server,
        open_client(kind, server.url, retries=0, timeout=0.5) as client,
    ):
        await client.live()
        with pytest.raises(ServiceUnreachable):
            await client.submit("categorization", {})

    assert len(server.seen) == requests


async def test_a_call_that_is_not_safe_to_repeat_is_not_repeated(kind: Kind) -> None:
    """Fresh work without a key might be done twice."""
    async with scripted(KEPT, "drop") as server, open_client(kind, server.url) as client:
        await client.live()
        with pytest.raises(ServiceUnreachable):
            await client.categorize("Milk", LABELS, fresh=True)

    assert len(server.seen) == 2
