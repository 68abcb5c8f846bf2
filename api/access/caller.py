"""The caller of a request: what it may do, and for which tenants."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

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


# With AUTH=off everybody may do everything.
ANYBODY = Caller("anybody", frozenset(Scope))


async def caller_of(request: Request) -> Caller:
    """Return the caller whom the front has found by the token of the request."""
    caller: Caller = getattr(request.state, "caller", ANYBODY)
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


def require(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that raises Forbidden unless the caller has a scope."""

    async def required(caller: CallerDep) -> Caller:
        if not caller.may(scope):
            raise Forbidden(f"The token lacks the scope {scope}.")
        return caller

    return required


# The caller of a call that only operators may make.
OperatorDep = Annotated[Caller, Depends(require(Scope.ADMIN))]
