"""Validation at startup: what is wrong and what to do about it."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.client.errors import ServiceUnreachable
from shared.errors import Unavailable
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server, nowhere
from tests.support.processes.running_system import System
from tests.support.scripted_server import Act, html, scripted


async def test_a_ready_service_has_no_shortcomings(system: System, kind: Kind) -> None:
    """One line reports it."""
    async with open_client(kind, system.url) as client:
        with capture_logs() as logs:
            found = await client.validate(fail_fast=True)

    assert found.ok
    assert (found.status, found.shortcomings) == ("ok", ())
    assert [(line["event"], line["log_level"]) for line in logs] == [("ai_service.ready", "info")]


@pytest.mark.parametrize(
    ("missing", "status", "expected"),
    [
        ({}, "degraded", {"workers": ("No worker is alive", "python -m worker")}),
        (
            {"database_url": nowhere("postgresql")},
            "error",
            {"database": ("database does not answer", "DATABASE_URL")},
        ),
        (
            {"redis_url": nowhere("redis")},
            "degraded",
            {"redis": ("Redis does not answer", "REDIS_URL")},
        ),
    ],
    ids=["no worker", "no database", "no broker"],
)
async def test_what_is_wrong_is_logged_with_what_to_do(
    settings: Settings,
    kind: Kind,
    missing: dict[str, Any],
    status: str,
    expected: dict[str, tuple[str, str]],
) -> None:
    """There is a warning for each shortcoming, or with `fail_fast` one exception with all."""
    async with (
        front_server(settings.model_copy(update=missing)) as url,
        open_client(kind, url) as client,
    ):
        with capture_logs() as logs:
            found = await client.validate()
        with pytest.raises(Unavailable) as raised:
            await client.validate(fail_fast=True)

    assert not found.ok
    assert found.status == status
    warnings = {line["check"]: line for line in logs if line["event"] == "ai_service.not_ready"}
    assert set(warnings) == {shortcoming.check for shortcoming in found.shortcomings}
    for check, (wrong, remedy) in expected.items():
        assert wrong in warnings[check]["wrong"]
        assert remedy in warnings[check]["remedy"]
        assert (warnings[check]["log_level"], warnings[check]["url"]) == ("warning", url)
        assert wrong in raised.value.detail
        assert remedy in raised.value.detail


@pytest.mark.parametrize(
    ("act", "raised", "remedy"),
    [
        ("drop", ServiceUnreachable, "Start the service"),
        ("silence", ServiceUnreachable, "Start the service"),
        (html(200), Unavailable, "Correct AI_SERVICE_URL"),
        (html(502), Unavailable, "repair the proxy"),
    ],
    ids=["drop", "silence", "another site", "proxy"],
)
async def test_an_unreachable_service_is_reported_and_not_waited_for(
    kind: Kind, act: Act, raised: type[Exception], remedy: str
) -> None:
    """There is one try, and no exception without `fail_fast`."""
    # A machine that is busy takes a while to connect.
    within = 0.5 if act == "silence" else 10
    async with scripted(act) as server, open_client(kind, server.url) as client:
        with capture_logs() as logs:
            found = await client.validate(within=within)
        with pytest.raises(raised) as caught:
            await client.validate(fail_fast=True, within=within)

    assert found.status == "unreachable"
    (warning,) = logs
    assert (warning["event"], warning["check"]) == ("ai_service.not_ready", "connection")
    assert server.url in warning["wrong"]
    assert remedy in warning["remedy"]
    assert type(caught.value) is raised
    assert len(server.seen) == 2
