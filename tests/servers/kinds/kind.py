"""What every kind of servers has in common."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from tests.chaos.cluster import Cluster

NOTHING: Mapping[str, str] = MappingProxyType({})


class Kind:
    """A way in which people run Postgres and Redis; this one is as `bin/dev` runs them.

    `programs` are those that it needs, `settings` are those of fronts and workers but for the URLs,
    and `may_repeat` says that Postgres may lose a claim when it is harmed.
    """

    name = "valkey"
    programs: tuple[str, ...] = ()
    settings = NOTHING
    may_repeat = False

    def start(self, system: Cluster) -> None:
        """Start both servers, and set their URLs."""
        self.start_postgres(system)
        self.start_redis(system)

    def start_postgres(self, system: Cluster) -> None:
        """Start a Postgres with our schema."""
        system.start_postgres()

    def start_redis(self, system: Cluster) -> None:
        """Start a Redis."""
        system.start_redis()

    async def harm(self, system: Cluster) -> None:
        """Do to a server, while jobs run, the worst that this kind is meant to survive."""
        await asyncio.to_thread(system.kill, "redis")
        await asyncio.to_thread(system.start_redis)
