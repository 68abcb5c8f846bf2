"""Redis behind Sentinels: everybody finds the primary, and the next one after a failover."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from redis import Redis

from shared.errors import BrokerUnavailable
from shared.local.processes import free_port
from shared.settings import Settings
from shared.wire.connections import connect_for_polling, connect_quick
from shared.wire.messenger import Messenger
from tests.support.redis.sentinels import PASSWORD, SERVICE, Watched, watched_servers
from tests.support.redis.server import Program
from tests.support.waiting import wait_until
from worker.cli.diagnosis.broker import check_broker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A primary, a replica and three Sentinels."""
    with watched_servers(Program(), tmp_path_factory.mktemp("sentinels")) as found:
        yield found


def led(settings: Settings, url: str) -> Settings:
    """Return settings with another Redis."""
    return settings.model_copy(update={"redis_url": SecretStr(url)})


@pytest.fixture
async def messenger(settings: Settings, watched: Watched) -> AsyncIterator[Messenger]:
    """A messenger that the Sentinels lead to the primary."""
    messenger = Messenger(led(settings, watched.url))
    yield messenger
    await messenger.close()


async def is_reached(messenger: Messenger) -> bool:
    """Return whether Redis answers."""
    try:
        await messenger.ping()
    except BrokerUnavailable:
        return False
    return True


async def test_doctor_names_the_primary(settings: Settings, watched: Watched) -> None:
    """The command says what the Sentinels say, and examines the server to which they lead."""
    found = await check_broker(led(settings, watched.url))

    assert {finding.status for finding in found} == {"ok"}
    assert found[0].name == "redis sentinels"
    assert found[0].detail == f"all 3 lead to 127.0.0.1:{watched.primary()}"


async def test_one_sentinel_that_is_away_is_a_warning(settings: Settings, watched: Watched) -> None:
    """The others lead to the primary all the same."""
    url = watched.url.replace(str(watched.sentinels[0]), str(free_port()))

    found = await check_broker(led(settings, url))

    assert [finding.status for finding in found] == ["warning", "ok", "ok", "ok", "ok"]
    assert "Error 111 connecting to" in found[0].detail


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (f"/{SERVICE}/", "/other/", "No Sentinel knows the service 'other'."),
        ("sentinel_password=wacht", "sentinel_password=wrong", "No Sentinel answers: "),
        (f":{PASSWORD}@", ":wrong@", "invalid username-password pair"),
    ],
)
async def test_what_is_wrong_with_a_url_is_said(
    settings: Settings, watched: Watched, right: str, wrong: str, says: str
) -> None:
    """The finding names it, without the password."""
    found = await check_broker(led(settings, watched.url.replace(right, wrong)))

    assert found[-1].status == "error"
    assert says in found[-1].detail
    assert PASSWORD not in found[-1].detail


async def test_the_primary_stays_where_it_was_while_sentinels_hang(
    settings: Settings, watched: Watched
) -> None:
    """Only a failover needs them: connections that are made meanwhile lead to the same server."""
    redis = connect_quick(led(settings, watched.url))
    await redis.ping()
    for sentinel in watched.watching.values():
        sentinel.send_signal(signal.SIGSTOP)
    try:
        await redis.connection_pool.disconnect()
        assert await redis.ping()
    finally:
        for sentinel in watched.watching.values():
            sentinel.send_signal(signal.SIGCONT)
        await redis.aclose(close_connection_pool=True)


async def test_everybody_moves_on_when_the_primary_hangs(
    messenger: Messenger, settings: Settings, watched: Watched
) -> None:
    """The old primary closes no connection. Even a subscription leaves it for the new one."""
    was = watched.primary()
    polling = connect_for_polling(led(settings, watched.url))
    await polling.ping()
    async with messenger.news() as news:
        heard = asyncio.ensure_future(anext(news))
        watched.processes[was].send_signal(signal.SIGSTOP)
        try:
            now = await asyncio.to_thread(watched.await_another_primary, was)
            await wait_until(lambda: is_reached(messenger), "the new primary was found", 20)
            with pytest.raises(BrokerUnavailable):
                await heard
        finally:
            watched.processes[was].send_signal(signal.SIGCONT)
    assert await polling.set("key", "value")
    await polling.aclose(close_connection_pool=True)

    assert now != was


async def test_a_primary_that_was_demoted_is_left(settings: Settings, watched: Watched) -> None:
    """A replica refuses to write, which is no answer but the end of the connection."""
    polling = connect_for_polling(led(settings, watched.url))
    was = watched.primary()
    now = next(port for port in watched.processes if port != was)
    await polling.ping()
    # The Sentinels themselves would close its connections as well.
    for number in range(3):
        with watched.sentinel(number) as sentinel:
            sentinel.sentinel_remove(SERVICE)
            sentinel.sentinel_monitor(SERVICE, "127.0.0.1", now, 2)
    with Redis(port=now, password=PASSWORD) as server:
        server.replicaof("NO", "ONE")
    with Redis(port=was, password=PASSWORD) as server:
        server.replicaof("127.0.0.1", now)

    assert await polling.set("key", "value")
    await polling.aclose(close_connection_pool=True)
