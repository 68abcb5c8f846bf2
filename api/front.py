"""The parts of a front, and the dependencies that FastAPI injects into routes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header, Query, Request

from api.access.rate_limits import count_tenant
from api.access.tenants import HEADER, QUERY, agreed_tenant
from api.admission import Admission
from api.console.recent import Recent
from api.draining import Drain
from api.metrics.front import FrontMetrics
from api.requests.body import LargeBodies
from api.shown_images import ShownImages
from api.submission.submissions import Submissions
from api.telling.reading import JobReads
from api.telling.waiting import Waiters
from shared.contracts.text import Identifier
from shared.rejections import TenantRequired
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger

if TYPE_CHECKING:
    from shared.wire.rates import Rates


@dataclass(frozen=True)
class Front:
    """The parts of a front that live as long as its process. `rates` is None without limits."""

    settings: Settings
    database: Database
    messenger: Messenger
    admission: Admission
    draining: Drain
    submissions: Submissions
    reads: JobReads
    waiters: Waiters
    metrics: FrontMetrics
    large_bodies: LargeBodies
    tokens: KnownTokens
    images: ShownImages
    rates: "Rates | None"
    recent: Recent


async def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


async def _tenant(
    http: Request,
    _header: Annotated[Identifier | None, Header(alias=HEADER)] = None,
    _query: Annotated[Identifier | None, Query(alias=QUERY)] = None,
) -> str:
    """Return the tenant whose jobs a call may see.

    Raises TenantRequired, Forbidden and RateLimited.
    """
    if tenant := agreed_tenant(http):
        await count_tenant(http.scope, tenant)
        return tenant
    raise TenantRequired


FrontDep = Annotated[Front, Depends(_front)]
TenantDep = Annotated[str, Depends(_tenant)]
# A key that the caller chose; the same key finds the same job.
IdempotencyKey = Annotated[Identifier | None, Header(alias="Idempotency-Key")]
