"""Renders the pages of the console from templates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.access.sessions import CONSOLE, cookie_name
from api.console.formats import FILTERS
from api.console.visit import Visit
from shared.settings import Settings
from shared.version import service_version

TEMPLATES = Path(__file__).with_name("templates")
# Pages load nothing from elsewhere, and run no script that is in a page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With `no-referrer` browsers say that a form of ours comes from `null`, which looks like an attack.
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}
# The pages in the navigation: path, name, and the key that leads there.
NAVIGATION = (
    (CONSOLE, "Overview", "o"),
    (f"{CONSOLE}/jobs", "Jobs", "b"),
    (f"{CONSOLE}/failures", "Failures", "f"),
    (f"{CONSOLE}/queues", "Queues", "q"),
    (f"{CONSOLE}/workers", "Workers", "w"),
    (f"{CONSOLE}/try", "Try it", "t"),
    (f"{CONSOLE}/audit", "Audit", "a"),
)


def console_environment() -> Environment:
    """Return the environment of the templates. A name that a template misspells is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@dataclass(frozen=True)
class Renderer:
    """Renders templates for one request."""

    request: Request
    environment: Environment
    settings: Settings

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return an answer with a whole page, or with a fragment of it for htmx."""
        response = HTMLResponse(self.text(template, **values), status, _HEADERS)
        visit: Visit | None = getattr(self.request.state, "visit", None)
        if visit is not None and visit.is_new:
            set_session_cookie(response, visit.key, self.settings)
        return response

    def text(self, template: str, **values: Any) -> str:
        """Return the text of a template."""
        visit = getattr(self.request.state, "visit", None)
        return self.environment.get_template(template).render(
            visit=visit,
            path=self.request.url.path,
            query=str(self.request.url.query),
            navigation=NAVIGATION,
            version=service_version(),
            settings_environment=self.settings.environment,
            needs_tokens=self.settings.needs_tokens,
            **values,
        )


def set_session_cookie(response: Response, key: str, settings: Settings) -> None:
    """Give the browser the key of its session. It is gone when the browser closes."""
    response.set_cookie(
        cookie_name(settings),
        key,
        secure=not settings.on_loopback,
        httponly=True,
        samesite="strict",
        path="/",
    )


async def _renderer(request: Request) -> Renderer:
    environment: Environment = request.app.state.console
    return Renderer(request, environment, request.app.state.front.settings)


RendererDep = Annotated[Renderer, Depends(_renderer)]
