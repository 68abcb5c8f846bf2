"""Validation at startup: what is wrong and what to do about it."""

import logging
from typing import Any

import pytest

from shared.client import validation
from shared.client.errors import ServiceUnreachable
from shared.errors import Unavailable
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server, nowhere
from tests.support.processes.running_system import System
from tests.support.scripted_server import Act, html, scripted


async def test_a_ready_service_has_no_shortcomings(
    system: System, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """One line reports it."""
    caplog.set_level(logging.INFO, validation.__name__)
    async with open_client(kind, system.url) as client:
        found = await client.validate(fail_fast=True)

    assert found.ok
    assert (found.status, found.shortcomings) == ("ok", ())
    (line,) = _lines(caplog)
    assert (line.getMessage(), line.levelname) == (f"ai_service.ready: {system.url}", "INFO")


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
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is a warning for each shortcoming, or with `fail_fast` one exception with all."""
    async with (
        front_server(settings.model_copy(update=missing)) as url,
        open_client(kind, url) as client,
    ):
        found = await client.validate()
        with pytest.raises(Unavailable) as raised:
            await client.validate(fail_fast=True)

    assert not found.ok
    assert found.status == status
    warnings = {vars(line)["check"]: line for line in _lines(caplog)}
    assert set(warnings) == {shortcoming.check for shortcoming in found.shortcomings}
    for check, (wrong, remedy) in expected.items():
        line = warnings[check]
        assert line.getMessage().startswith(f"ai_service.not_ready: {check}: ")
        assert wrong in line.getMessage()
        assert remedy in line.getMessage()
        assert (line.levelname, vars(line)["url"]) == ("WARNING", url)
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
    kind: Kind,
    act: Act,
    raised: type[Exception],
    remedy: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is one try, and no exception without `fail_fast`."""
    # A machine that is busy takes a while to connect.
    within = 0.5 if act == "silence" else 10
    async with scripted(act) as server, open_client(kind, server.url) as client:
        found = await client.validate(within=within)
        with pytest.raises(raised) as caught:
            await client.validate(fail_fast=True, within=within)

    assert found.status == "unreachable"
    (warning,) = _lines(caplog)
    assert warning.getMessage().startswith("ai_service.not_ready: connection: ")
    assert server.url in vars(warning)["wrong"]
    assert remedy in vars(warning)["remedy"]
    assert type(caught.value) is raised
    assert len(server.seen) == 2


def _lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == validation.__name__]
