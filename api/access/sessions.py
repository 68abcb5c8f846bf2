"""The sessions of people in the console: a cookie in place of a token in each request."""

import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.types import Scope

from api.access.caller import Caller
from shared.rejections import Unauthenticated
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens
from shared.store.access.sessions import find_session
from shared.store.postgres.database import Database

CONSOLE = "/console"
LOGIN = f"{CONSOLE}/login"
# What a page loads before anybody has logged in.
_OPEN = (LOGIN, f"{CONSOLE}/assets/", f"{CONSOLE}/vendored/")


def is_of_console(path: str) -> bool:
    """Return whether a path is one of the console."""
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


def needs_no_session(path: str) -> bool:
    """Return whether a path of the console is for those who have yet to log in."""
    return path.startswith(_OPEN)


def cookie_name(settings: Settings) -> str:
    """Return the name of the cookie. Browsers take `__Host-` over HTTPS only, or on loopback."""
    return "console" if settings.on_loopback else "__Host-console"


def session_key(scope: Scope, settings: Settings) -> str | None:
    """Return the key in the cookie of a request, or None if it has none."""
    found = [value for name, value in scope["headers"] if name == b"cookie"]
    cookies: SimpleCookie = SimpleCookie()
    try:
        for value in found:
            cookies.load(value.decode("latin-1"))
    except CookieError:
        return None
    morsel = cookies.get(cookie_name(settings))
    return morsel.value if morsel and morsel.value else None


def csrf_token(key: str) -> str:
    """Return what a form of the session with this key has to send along."""
    return hmac.digest(key.encode(), b"csrf", "sha256").hex()


async def caller_of_session(key: str | None, database: Database, known: KnownTokens) -> Caller:
    """Return who has logged in with a session, and whose token still lives.

    Raises Unauthenticated and DatabaseUnavailable.
    """
    token = await find_session(database.fetch, key) if key else None
    if token is None:
        raise Unauthenticated("Log in to the console.")
    living = await known.find(token)
    return Caller(living.id, living.scopes, living.tenants)
