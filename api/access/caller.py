"""The caller of a request: what it may do, and for which tenants."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security.http import HTTPBase

from shared.access.scopes import Scope
from shared.rejections import Forbidden


@dataclass(frozen=True)
class Caller:
    """Who calls. `name` is the id of the token; `tenants` is None for one that acts for all."""

    name: str
    scopes: frozenset[Scope]
    tenants: frozenset[str] | None = None

    def may(self, scope: Scope) -> bool:
        """Return whether the caller has a scope, which an operator always has."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def acts_for(self, tenant_id: str) -> bool:
        """Return whether the caller may act for a tenant."""
        return self.tenants is None or tenant_id in self.tenants

    @property
    def only_tenant(self) -> str | None:
        """The tenant of a caller who acts for one, so that it need not be named; else None."""
        if self.tenants is None or len(self.tenants) != 1:
            return None
        (tenant_id,) = self.tenants
        return tenant_id


# With AUTH=off everybody may do everything.
ANYBODY = Caller("anybody", frozenset(Scope))
# Whoever asks for what needs no token.
NOBODY = Caller("nobody", frozenset(), frozenset())


class _Bearer(HTTPBase):
    """Declares in the OpenAPI document what the middleware `Authentication` demands."""

    async def __call__(self, request: Request) -> Caller:  # type: ignore[override]
        """Return the caller, whom the middleware has found by the token of the request."""
        caller: Caller = request.state.caller
        return caller


# The dependency of calls for which any token will do.
IDENTIFIED = Depends(
    _Bearer(
        scheme="bearer",
        scheme_name="bearerAuth",
        description="A token of `grocery-ai token create`. A front with AUTH=off needs none.",
    )
)
CallerDep = Annotated[Caller, IDENTIFIED]


def require(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that raises Forbidden unless the caller has a scope."""

    async def required(caller: CallerDep) -> Caller:
        if not caller.may(scope):
            raise Forbidden(f"The token lacks the scope {scope}.")
        return caller

    return required


_administers = require(Scope.ADMIN)


async def _operates(caller: Annotated[Caller, Depends(_administers)]) -> Caller:
    """Raise Forbidden also if the caller acts for some tenants only: the call concerns all."""
    if caller.tenants is not None:
        raise Forbidden("The token does not act for all tenants, whom this call concerns.")
    return caller


# The dependencies of calls that read jobs, of those that make or change them, and of those that
# only operators may make.
READS = Security(require(Scope.JOBS_READ), scopes=[Scope.JOBS_READ])
WRITES = Security(require(Scope.JOBS_WRITE), scopes=[Scope.JOBS_WRITE])
OPERATES = Security(_operates, scopes=[Scope.ADMIN])
# The caller of a call that only operators may make.
OperatorDep = Annotated[Caller, OPERATES]
# The caller of a call about one tenant, which also the operator of that tenant may make.
AdministratorDep = Annotated[Caller, Security(_administers, scopes=[Scope.ADMIN])]
