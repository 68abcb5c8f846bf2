"""Kinds of Postgres."""

import asyncio
from urllib.parse import urlsplit, urlunsplit

from shared.local import stack
from tests.chaos.cluster import Cluster
from tests.chaos.standby import standby
from tests.servers.kinds.kind import Kind
from tests.support.postgres.with_tls import debian_programs, postgres_with_tls
from tests.support.waiting import wait_until

_FOLLOWED = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"


class PgBouncer(Kind):
    """PgBouncer in transaction mode, behind which Postgres is killed."""

    name = "pgbouncer"
    programs = ("pgbouncer",)
    settings = {"DATABASE_POOLER": "transaction"}  # noqa: RUF012
    may_repeat = True

    def start_postgres(self, system: Cluster) -> None:
        """Start Postgres, and the pooler before it."""
        system.start_postgres()
        system.start_pooler()
        # The limits of the role depend on the settings.
        stack.migrate(system.env["DATABASE_URL"], system.env)

    async def harm(self, system: Cluster) -> None:
        """Kill Postgres, and start it again."""
        with system.outage():
            await asyncio.to_thread(system.kill, "postgres")
            await asyncio.to_thread(system.start_postgres)


class PostgresWithTls(Kind):
    """Postgres that only speaks TLS, with a replica that takes the place of its primary.

    DATABASE_URL names both, and checks the certificate of each.
    """

    name = "postgres-tls"
    programs = ("pg_ctlcluster",)
    may_repeat = True

    def __init__(self) -> None:
        """Prepare to start the servers."""
        self._replica = ""

    def start_postgres(self, system: Cluster) -> None:
        """Start the primary and its replica, without which nothing is committed."""
        home = system.folder / "with-tls"
        system.postgres_url = system.enter("postgres", postgres_with_tls(home))
        stack.migrate(system.postgres_url, system.env)
        copy = standby(system.postgres_url, system.folder / "replica", debian_programs())
        self._replica = system.enter("replica", copy)
        parts = urlsplit(system.postgres_url)
        hosts = f"{parts.netloc},localhost:{urlsplit(self._replica).port}"
        query = f"{parts.query}&target_session_attrs=read-write"
        system.env["DATABASE_URL"] = urlunsplit(parts._replace(netloc=hosts, query=query))

    async def harm(self, system: Cluster) -> None:
        """Kill the primary, and promote its replica."""
        await system.administer(
            "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"
        )
        await wait_until(lambda: _is_followed(system), "the replica followed")
        with system.outage():
            await asyncio.to_thread(system.kill, "postgres")
            system.postgres_url = self._replica
            await system.administer("SELECT pg_promote()")


async def _is_followed(system: Cluster) -> bool:
    async with system.database() as database:
        return bool(await database.fetchval(_FOLLOWED))
