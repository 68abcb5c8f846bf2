"""The reach of a call that is about one tenant, or about all: whose jobs it means."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from api.access.caller import Caller, CallerDep
from api.access.rate_limits import count_tenant
from api.access.tenants import HEADER, QUERY, agreed_tenant
from shared.access.scopes import Scope
from shared.contracts.text import Identifier
from shared.rejections import Forbidden, InvalidRequest, TenantRequired


@dataclass(frozen=True)
class Reach:
    """What a request says about the tenants that it means."""

    http: Request
    caller: Caller
    all_tenants: bool

    async def tenants(self, *bodies: str | None) -> Collection[str] | None:
        """Return the tenant that the request names, or None for all of them.

        `bodies` are the tenants that parts of the body name. Raises TenantRequired, Forbidden,
        InvalidRequest and RateLimited.
        """
        tenant = agreed_tenant(self.http, *bodies)
        if self.all_tenants:
            check_all_tenants(self.caller, tenant)
            return None
        if tenant is None:
            raise TenantRequired
        await count_tenant(self.http.scope, tenant)
        return [tenant]


def check_all_tenants(caller: Caller, tenant_id: str | None) -> None:
    """Raise Forbidden unless a caller operates all tenants, and InvalidRequest if it names one."""
    if caller.tenants is not None or not caller.may(Scope.ADMIN):
        raise Forbidden("Only an operator of all tenants may ask for all of them.")
    if tenant_id is not None:
        raise InvalidRequest("all_tenants: name no tenant, or leave this out.")


async def _reach(
    http: Request,
    caller: CallerDep,
    all_tenants: Annotated[bool, Query(description="for operators of all tenants")] = False,
    _header: Annotated[Identifier | None, Header(alias=HEADER)] = None,
    _query: Annotated[Identifier | None, Query(alias=QUERY)] = None,
) -> Reach:
    return Reach(http, caller, all_tenants)


ReachDep = Annotated[Reach, Depends(_reach)]
