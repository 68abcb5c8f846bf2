"""Kinds of Redis."""

import asyncio
import re

from shared.local.checkout import ROOT
from shared.local.processes import free_port
from shared.local.stack import Popen
from tests.chaos.cluster import Cluster
from tests.servers.kinds.kind import Kind
from tests.support.redis.sentinels import Watched, watched_servers
from tests.support.redis.server import DURABLE, Program, redis_server
from tests.support.tls import PEM

REDIS = Program("redis-server")


class Redis7(Kind):
    """Debian's Redis, which is killed and finds its messages in its append-only file."""

    name = "redis7"
    programs = ("redis-server",)

    def __init__(self) -> None:
        """Choose a port, which stays the same when the server is started again."""
        self._port = free_port()
        self._process: Popen | None = None

    def start_redis(self, system: Cluster) -> None:
        """Start the server."""
        folder = system.folder / self.name
        server = redis_server(REDIS, folder, self._port, self.configuration(system))
        self._process = system.enter("redis", server)
        system.env["REDIS_URL"] = self.url()

    def configuration(self, system: Cluster) -> dict[str, object]:
        """Return the server's configuration."""
        return {"port": self._port, "requirepass": "geheim", **DURABLE}

    def url(self) -> str:
        """Return the URL for the service."""
        return f"redis://:geheim@127.0.0.1:{self._port}/0"

    async def harm(self, system: Cluster) -> None:
        """Kill the server, and start it again."""
        assert self._process is not None
        self._process.kill()
        system.stop("redis")
        await asyncio.to_thread(self.start_redis, system)


class RedisWithTls(Redis7):
    """Redis that only speaks TLS, and knows the service as a user with few rights."""

    name = "redis-tls"

    def configuration(self, system: Cluster) -> dict[str, object]:
        """Return the server's configuration, with the rights of docs/stack.md."""
        page = (ROOT / "docs/stack.md").read_text()
        found = re.search(r"^ACL SETUSER grocery on >PASSWORD (.+)$", page, re.MULTILINE)
        assert found is not None
        namespace = system.env["QUEUE_NAMESPACE"]
        rights = found[1].replace("~ai:", f"~{namespace}:").replace("&ai:", f"&{namespace}:")
        # As the page says of a Redis before 7.2.
        rights = rights.replace(" +client|setinfo", "")
        return {
            "port": 0,
            "tls-port": self._port,
            "tls-cert-file": PEM,
            "tls-key-file": PEM,
            "tls-ca-cert-file": PEM,
            "tls-auth-clients": "no",
            "user default": "off",
            "user grocery": f"on >geheim {rights}",
            **DURABLE,
        }

    def url(self) -> str:
        """Return the URL, which checks the certificate and the name in it."""
        options = f"ssl_ca_certs={PEM}&ssl_check_hostname=true"
        return f"rediss://grocery:geheim@localhost:{self._port}/0?{options}"


class Sentinels(Kind):
    """Three Sentinels, which replace a primary that is killed by its replica."""

    name = "sentinels"
    programs = ("redis-server",)

    def __init__(self) -> None:
        """Prepare to start the servers."""
        self._watched: Watched | None = None

    def start_redis(self, system: Cluster) -> None:
        """Start the servers and the Sentinels."""
        servers = watched_servers(REDIS, system.folder / self.name)
        self._watched = system.enter("redis", servers)
        system.env["REDIS_URL"] = self._watched.url

    async def harm(self, system: Cluster) -> None:
        """Kill the primary, and wait until the Sentinels have replaced it."""
        assert self._watched is not None
        was = self._watched.primary()
        self._watched.processes[was].kill()
        await asyncio.to_thread(self._watched.await_another_primary, was)
