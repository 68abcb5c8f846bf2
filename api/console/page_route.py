"""The route class of pages: errors become pages too, or fragments for htmx."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse

from api.access.sessions import LOGIN
from api.console.rendering import Renderer
from api.errors import status_of
from api.requests.body import BodyRoute, ImageRoute
from shared.errors import ServiceError
from shared.rejections import InvalidRequest, Unauthenticated

HTMX = "HX-Request"


class PageRoute(BodyRoute):
    """Answers the errors of a page with a page that says what to do."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, in what answers its errors."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except ServiceError as error:
                return error_page(request, error)
            except RequestValidationError as error:
                return error_page(request, InvalidRequest(_first_of(error)))

        return handle_or_explain


class ImagePageRoute(PageRoute, ImageRoute):
    """Answers errors with pages too, and takes forms with images, which bounds their memory."""


def error_page(request: Request, error: ServiceError) -> Response:
    """Return the page of an error; whoever has no session is led to where they get one."""
    if isinstance(error, Unauthenticated):
        return to_login(request)
    renderer = Renderer(request, request.app.state.console, request.app.state.front.settings)
    template = "fragments/error.html" if HTMX in request.headers else "error.html"
    return renderer.page(template, status=status_of(error.code, error.error_class), error=error)


def to_login(request: Request) -> Response:
    """Lead a browser to the login, and from there back to the page that it asked for."""
    page = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    if request.method != "GET" or HTMX in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": LOGIN})
    return RedirectResponse(f"{LOGIN}?{urlencode({'next': page})}", 303)


def _first_of(error: RequestValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
