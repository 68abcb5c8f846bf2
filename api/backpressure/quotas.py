"""The quotas of each tenant: how many jobs, and how many bytes of images, are kept of it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.errors import QuotaExceeded, ServiceError
from shared.settings import Settings
from shared.store.figures.usage import Usage, read_usage
from shared.store.hot.accepting import NewJob
from shared.store.postgres.database import Database

# Seconds. To count what a tenant has takes longer the more that is.
_MAX_AGE = 10.0
# Where there is no room, the numbers may be only this old.
_MAX_AGE_IF_FULL = 1.0
# So many tenants are known at a time.
_MOST_TENANTS = 1_000


@dataclass
class _Known:
    """What a tenant had when that was read, and what was accepted here since."""

    read: Usage
    read_at: float
    accepted: Usage

    @property
    def usage(self) -> Usage:
        """What the tenant has, but for what other fronts accepted since, and what was deleted."""
        return self.read + self.accepted


class Quotas:
    """Refuses new jobs of tenants that have too much stored.

    Every front counts for itself, so that together they may accept more than a quota allows in the
    ten seconds until they count again.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._jobs = settings.tenant_stored_jobs
        self._bytes = settings.tenant_stored_bytes
        self._known: dict[str, _Known] = {}
        # Only one caller of a tenant counts at a time, and those after it use what it found.
        self._counting: dict[str, asyncio.Lock] = {}

    async def refused(self, news: Sequence[NewJob]) -> Mapping[UUID, ServiceError]:
        """Return the errors of those jobs for which their tenants have no room left.

        The others count as accepted, though some may turn out to exist already. If it cannot be
        found out what a tenant has, that is the error of its jobs only.
        """
        if self._jobs is None and self._bytes is None:
            return {}
        by_tenant: dict[str, list[NewJob]] = {}
        for new in news:
            by_tenant.setdefault(new.tenant_id, []).append(new)
        each = await asyncio.gather(*(self._refused(*entry) for entry in by_tenant.items()))
        return {job_id: error for refused in each for job_id, error in refused.items()}

    async def _refused(
        self, tenant_id: str, asking: Sequence[NewJob]
    ) -> Mapping[UUID, ServiceError]:
        try:
            async with self._counting.setdefault(tenant_id, asyncio.Lock()):
                known = await self._with_room(tenant_id, sum(map(_usage_of, asking), Usage()))
        except ServiceError as error:
            return {new.id: error for new in asking}
        refused: dict[UUID, ServiceError] = {}
        for new in asking:
            if excess := self._excess(known.usage + _usage_of(new)):
                refused[new.id] = QuotaExceeded(excess)
            else:
                known.accepted += _usage_of(new)
        return refused

    async def _with_room(self, tenant_id: str, wanted: Usage) -> _Known:
        """Return what a tenant has, by a new reading if there seems to be too little room."""
        now = time.monotonic()
        known = self._known.get(tenant_id)
        if known is None or known.read_at < now - _MAX_AGE:
            return await self._read(tenant_id)
        if self._excess(known.usage + wanted) and (
            known.accepted != Usage() or known.read_at < now - _MAX_AGE_IF_FULL
        ):
            return await self._read(tenant_id)
        return known

    async def _read(self, tenant_id: str) -> _Known:
        now = time.monotonic()
        known = _Known(await read_usage(self._database, tenant_id), now, Usage())
        if len(self._known) >= _MOST_TENANTS:
            self._known.clear()
            self._counting.clear()
        self._known[tenant_id] = known
        return known

    def _excess(self, usage: Usage) -> str | None:
        if self._jobs is not None and usage.jobs > self._jobs:
            return f"{self._jobs} jobs of the tenant are stored, which is its quota."
        if self._bytes is not None and usage.image_bytes > self._bytes:
            return f"The images of the tenant would exceed its quota of {self._bytes} bytes."
        return None


def _usage_of(new: NewJob) -> Usage:
    return Usage(1, len(new.image or b""))
