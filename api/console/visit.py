"""A visit to a page: who came, with which key, and what they may do."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.access.caller import Caller
from api.access.sessions import csrf_token, session_key
from api.front import FrontDep
from shared.access.scopes import Scope
from shared.rejections import Forbidden

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"


@dataclass(frozen=True)
class Visit:
    """Who came. `key` is that of the session, or a new one if the browser brought none."""

    caller: Caller
    key: str
    is_new: bool

    @property
    def csrf(self) -> str:
        """What every form of this visitor sends along."""
        return csrf_token(self.key)

    @property
    def operates(self) -> bool:
        """Whether the visitor may change jobs."""
        return self.caller.may(Scope.ADMIN)

    @property
    def operates_all(self) -> bool:
        """Whether the visitor may also change what concerns all tenants, such as a queue."""
        return self.operates and self.caller.tenants is None


def may_visit(caller: Caller) -> None:
    """Raise Forbidden for whoever may read no jobs, of which every page shows something."""
    if not caller.may(Scope.JOBS_READ):
        raise Forbidden(f"The token lacks the scope {Scope.JOBS_READ}.")


async def _visit(request: Request, front: FrontDep) -> Visit:
    """Return the visit. Raises what the middleware `Authentication` has to say against it."""
    if request.state.refusal is not None:
        raise request.state.refusal
    caller: Caller = request.state.caller
    key = session_key(request.scope, front.settings)
    visit = Visit(caller, key or secrets.token_urlsafe(32), is_new=key is None)
    request.state.visit = visit
    return visit


VisitDep = Annotated[Visit, Depends(_visit)]


async def _reader(visit: VisitDep) -> Visit:
    """Return the visit. Raises Forbidden for whoever may read no jobs."""
    may_visit(visit.caller)
    return visit


ReaderDep = Annotated[Visit, Depends(_reader)]


async def _operator(visit: ReaderDep, request: Request) -> Visit:
    """Return the visit of an operator who sent the form. Raises Forbidden for anybody else."""
    await check_csrf(request, visit)
    if not visit.operates:
        raise Forbidden(f"The token lacks the scope {Scope.ADMIN}.")
    return visit


async def _operator_of_all(visit: Annotated[Visit, Depends(_operator)]) -> Visit:
    if not visit.operates_all:
        raise Forbidden("The token does not act for all tenants, whom this concerns.")
    return visit


async def check_csrf(request: Request, visit: Visit) -> None:
    """Raise Forbidden unless a page of ours sent the request, for this visitor."""
    sent = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if (
        visit.is_new
        or not isinstance(sent, str)
        or not hmac.compare_digest(sent.encode(), visit.csrf.encode())
    ):
        raise Forbidden("The page is too old, or not ours: load it again.")


# The dependencies of what changes something: jobs, or what concerns all tenants. Each checks the
# role and that one of our pages sent the request.
ChangerDep = Annotated[Visit, Depends(_operator)]
ChangerOfAllDep = Annotated[Visit, Depends(_operator_of_all)]
