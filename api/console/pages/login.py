"""The login, with a token in place of a password."""

import secrets
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.access.caller import Caller
from api.access.rate_limits import count_login
from api.access.sessions import CONSOLE, LOGIN, cookie_name, session_key
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep, set_session_cookie
from api.console.visit import VisitDep, check_csrf, may_visit
from api.errors import status_of
from api.front import Front, FrontDep
from api.requests.context import request_id_of
from shared.access.tokens import SentToken, read_token
from shared.errors import RateLimited, ServiceError
from shared.rejections import Unauthenticated
from shared.store.access.audit import record
from shared.store.access.sessions import begin_session, end_session

# It does not say what was wrong with the token.
_WRONG = "There is no such token, or it is no longer valid."

log = structlog.get_logger(__name__)

router = APIRouter(route_class=PageRoute)


@router.get("/login")
async def show(
    _visit: VisitDep, pages: RendererDep, page: Annotated[str, Query(alias="next")] = CONSOLE
) -> HTMLResponse:
    """Return the page."""
    return pages.page("login.html", next=_own(page), refusal=None)


@router.post("/login")
async def log_in(
    visit: VisitDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    token: Annotated[str, Form()],
    page: Annotated[str, Form(alias="next")] = CONSOLE,
) -> Response:
    """Begin a session with a token, and lead to the page that was asked for."""
    await check_csrf(request, visit)
    address = request.client.host if request.client else "unknown"
    try:
        await count_login(front.logins, address)
        sent, caller = await _admitted(front, token)
    except ServiceError as error:
        log.warning("console.login_refused", reason=error.code, address=address)
        return _refused(pages, error, _own(page))
    # Another key than before, which somebody may have planted.
    key = secrets.token_urlsafe(32)
    async with front.database.transaction() as session:
        await end_session(session, visit.key)
        await begin_session(session, key, sent, front.settings.console_session)
        await record(
            session,
            "console.login",
            caller.name,
            caller.name,
            request_id=request_id_of(request),
        )
    answer = RedirectResponse(_own(page), 303)
    set_session_cookie(answer, key, front.settings)
    return answer


@router.post("/logout")
async def log_out(visit: VisitDep, front: FrontDep, request: Request) -> RedirectResponse:
    """End the session."""
    await check_csrf(request, visit)
    if key := session_key(request.scope, front.settings):
        async with front.database.transaction() as session:
            if token_id := await end_session(session, key):
                request_id = request_id_of(request)
                await record(session, "console.logout", token_id, token_id, request_id=request_id)
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(
        cookie_name(front.settings), path="/", secure=not front.settings.on_loopback
    )
    return answer


async def _admitted(front: Front, token: str) -> tuple[SentToken, Caller]:
    """Return a token as it is stored, and its caller.

    Raises Unauthenticated, Forbidden and DatabaseUnavailable.
    """
    sent = read_token(b"Bearer " + token.strip().encode())
    if sent is None:
        raise Unauthenticated(_WRONG)
    try:
        living = await front.tokens.find(sent)
    except Unauthenticated as error:
        raise Unauthenticated(_WRONG) from error
    caller = Caller(living.id, living.scopes, living.tenants)
    may_visit(caller)
    return sent, caller


def _refused(pages: Renderer, error: ServiceError, page: str) -> Response:
    status = 429 if isinstance(error, RateLimited) else status_of(error.code, error.error_class)
    answer = pages.page("login.html", status=status, next=page, refusal=error)
    if isinstance(error, RateLimited):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _own(path: str) -> str:
    """Return a path if it is one of the console, else that of the console."""
    return path if path == CONSOLE or path.startswith((f"{CONSOLE}/", f"{CONSOLE}?")) else CONSOLE
