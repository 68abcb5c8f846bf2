"""An idle connection is kept for KEEP_ALIVE seconds, which is longer than callers keep theirs."""

import asyncio
from urllib.parse import urlsplit

from api.main import create_app
from api.process import http_config
from shared.settings import Settings
from tests.support.fronts import front_server

# For how many seconds common pools and load balancers keep theirs.
_CALLERS_KEEP_THEIRS = 60


def test_connections_are_kept_longer_than_callers_keep_theirs(settings: Settings) -> None:
    """A POST on a connection that is being closed fails, and few clients repeat it."""
    config = http_config(create_app(settings), settings)

    assert config.timeout_keep_alive == settings.keep_alive > _CALLERS_KEEP_THEIRS


async def test_an_idle_connection_is_closed_in_the_end(settings: Settings) -> None:
    """The connection serves a second request before that."""
    async with front_server(settings.model_copy(update={"keep_alive": 1})) as url:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for _ in range(2):
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: front\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readuntil(b"}") == b'{"status":"ok"}'

        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
