"""The parts of a front, and the dependencies that FastAPI injects into routes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header, Query, Request

from api.access.rate_limits import count_tenant
from api.access.tenants import HEADER, QUERY, agreed_tenant
from api.admission import Admission
from api.bulk.runner import BulkRunner
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
from shared.store.images.keeping import Images
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger

if TYPE_CHECKING:
    from shared.wire.rates import LoginRates, Rates


@dataclass(frozen=True)
class Front:
    """The parts of a front that live as long as its process.

    `rates` is None without limits, and `logins` where nobody logs in.
    """

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
    images: Images
    shown_images: ShownImages
    rates: "Rates | None"
    bulk: BulkRunner
    logins: "LoginRates | None"
    recent: Recent


async def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


async def _named_tenant(
    http: Request,
    _header: Annotated[Identifier | None, Header(alias=HEADER)] = None,
    _query: Annotated[Identifier | None, Query(alias=QUERY)] = None,
) -> str | None:
    """Return the tenant of a call, or None if neither the call nor its token names one.

    Raises Forbidden and RateLimited.
    """
    tenant = agreed_tenant(http)
    if tenant is not None:
        await count_tenant(http.scope, tenant)
    return tenant


NamedTenantDep = Annotated[str | None, Depends(_named_tenant)]


async def _tenant(tenant: NamedTenantDep) -> str:
    """Return the tenant whose jobs a call may see. Raises TenantRequired beside the others."""
    if tenant is None:
        raise TenantRequired
    return tenant


FrontDep = Annotated[Front, Depends(_front)]
TenantDep = Annotated[str, Depends(_tenant)]
# A key that the caller chose; the same key finds the same job.
IdempotencyKey = Annotated[Identifier | None, Header(alias="Idempotency-Key")]
