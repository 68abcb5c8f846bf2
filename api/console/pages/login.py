"""The login, with a token in place of a password."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.access.sessions import CONSOLE, LOGIN, cookie_name, session_key
from api.console.page_route import PageRoute
from api.console.rendering import RendererDep, set_session_cookie
from api.console.visit import VisitDep, check_csrf
from api.front import FrontDep
from shared.access.tokens import read_token
from shared.errors import ServiceError
from shared.rejections import Unauthenticated
from shared.store.access.sessions import begin_session, end_session

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
    sent = read_token(b"Bearer " + token.strip().encode())
    try:
        await front.tokens.find(sent)
        if sent is None:
            raise Unauthenticated
    except ServiceError as error:
        return pages.page("login.html", status=401, next=_own(page), refusal=error)
    # Another key than before, which somebody may have planted.
    key = secrets.token_urlsafe(32)
    await begin_session(front.database.fetch, key, sent, front.settings.console_session)
    answer = RedirectResponse(_own(page), 303)
    set_session_cookie(answer, key, front.settings)
    return answer


@router.post("/logout")
async def log_out(visit: VisitDep, front: FrontDep, request: Request) -> RedirectResponse:
    """End the session."""
    await check_csrf(request, visit)
    if key := session_key(request.scope, front.settings):
        await end_session(front.database.fetch, key)
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(
        cookie_name(front.settings), path="/", secure=not front.settings.on_loopback
    )
    return answer


def _own(path: str) -> str:
    """Return a path if it is one of the console, else that of the console."""
    return path if path == CONSOLE or path.startswith((f"{CONSOLE}/", f"{CONSOLE}?")) else CONSOLE
