"""The token of a client: it goes with every request, and is shown nowhere."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from uuid import UUID

import pytest

from shared.access.scopes import Scope
from shared.client import AsyncServiceClient, ServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobView
from shared.rejections import Forbidden, Unauthenticated
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import stored_token
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server
from tests.support.runners import ITEM
from tests.support.scripted_server import Act, Reply, html, ok, scripted

SECRET = "gpai_0123456789ab_a-text-that-only-the-service-may-see"


@pytest.fixture
def guarding(settings: Settings) -> Settings:
    """Settings under which callers need tokens."""
    return settings.model_copy(update={"auth": "tokens"})


async def test_the_token_goes_with_every_request(
    guarding: Settings, database: Database, kind: Kind
) -> None:
    """Calls, streams of events and submissions of many jobs are refused without it."""
    usual = await stored_token(database, "*")
    admin = await stored_token(database, "*", scopes=[Scope.ADMIN])
    async with front_server(guarding) as url:
        async with open_client(kind, url, retries=0) as nobody:
            with pytest.raises(Unauthenticated):
                await nobody.submit("categorization", ITEM)
            with pytest.raises(Unauthenticated):
                await anext(nobody.events(UUID(int=0)))
            assert (await nobody.live()).status == "ok"
            assert await _wrong(nobody) == ["token"]
        async with open_client(kind, url, retries=0, token=usual) as service:
            job = await service.submit("categorization", ITEM)
            (other,) = await service.submit_many([{"feature": "categorization", "payload": ITEM}])
            first = await anext(service.events(job.id))
            with pytest.raises(Forbidden):
                await service.pause_queue(Queue.ITEMS)
            with pytest.raises(Forbidden):
                await service.delete_tenant_data("tenant")
            assert "token" not in await _wrong(service)
        async with open_client(kind, url, retries=0, token=admin) as operator:
            deleted = await operator.delete_tenant_data("tenant")
            (entry,) = (await operator.audit(limit=1)).entries

    assert isinstance(other, JobView)
    assert first.job_id == job.id != other.id
    assert (deleted.tenant_id, deleted.jobs, deleted.cancelled) == ("tenant", 2, 2)
    assert (entry.action, entry.subject) == ("tenant.delete_data", "tenant")


async def _wrong(client: AsyncServiceClient) -> Sequence[str]:
    found = await client.validate(within=20)
    return [shortcoming.check for shortcoming in found.shortcomings]


@pytest.mark.parametrize(
    "act",
    ["drop", html(500), html(401), Reply(200, "{}"), Reply(302, "", {"Location": "/elsewhere"})],
    ids=["drop", "proxy", "refusal", "another site", "redirect"],
)
async def test_no_failure_shows_the_token(
    kind: Kind, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an error with all its causes, nor a log, nor the client itself has it."""
    caplog.set_level(logging.DEBUG)
    async with (
        scripted(act) as server,
        open_client(kind, server.url, token=SECRET, retries=1) as client,
    ):
        with pytest.raises(Exception, match="answer") as raised:
            await client.queues()
        await client.validate()

    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {SECRET}"}
    assert {seen.path for seen in server.seen} == {"/api/v1/queues", "/health/ready"}
    shown = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    for text in (shown, caplog.text, repr(client), repr(vars(client))):
        assert SECRET not in text


@pytest.mark.parametrize("client", [ServiceClient, AsyncServiceClient])
def test_what_is_no_token_is_refused_unseen(
    client: type[ServiceClient | AsyncServiceClient],
) -> None:
    """The error does not quote it. A user in the URL would take the place of the token."""
    for wrong in ("", f"{SECRET}\n", f"{SECRET} ", f"{SECRET}\u20ac", f"\x00{SECRET}"):
        with pytest.raises(ValueError, match="a token is a text") as raised:
            client("http://localhost", "tenant", token=wrong)
        assert SECRET not in str(raised.value)
    with pytest.raises(ValueError, match="cannot be used together") as both:
        client("http://user:password@localhost", "tenant", token=SECRET)
    assert SECRET not in str(both.value)
    assert "password" not in str(both.value)


async def test_the_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `from_environment` reads it, and a token of the program takes precedence.

    A client that was given another URL sends nobody the token of the environment.
    """
    async with scripted(ok({"queues": []})) as server:
        monkeypatch.setenv("AI_SERVICE_URL", server.url)
        monkeypatch.setenv("AI_SERVICE_TOKEN", SECRET)
        for client in (
            AsyncServiceClient.from_environment("tenant"),
            AsyncServiceClient.from_environment("tenant", token="another"),
            AsyncServiceClient(server.url, "tenant"),
        ):
            async with client:
                await client.queues()
        with ServiceClient.from_environment("tenant") as sync_client:
            await asyncio.to_thread(sync_client.queues)
        monkeypatch.setenv("AI_SERVICE_TOKEN", "")
        async with AsyncServiceClient.from_environment("tenant") as client:
            await client.queues()

    sent = [seen.headers.get("authorization") for seen in server.seen]
    assert sent == [f"Bearer {SECRET}", "Bearer another", None, f"Bearer {SECRET}", None]
