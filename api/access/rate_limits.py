"""Limits on how many requests of a token, and for a tenant, are answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import Caller
from api.errors import problem_of
from shared.errors import RateLimited
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.wire.rates import LoginRates, Rates, Window

# What is asked by whoever watches a service, and the reference, lies elsewhere.
_LIMITED = "/api/"


@asynccontextmanager
async def counting(settings: Settings) -> AsyncIterator["Rates | None"]:
    """Yield what counts requests, or None without limits, and close it when the block ends."""
    if not (settings.rate_limit_token or settings.rate_limit_tenant):
        yield None
        return
    # Only who limits rates needs the package behind it.
    from shared.wire.rates import Rates  # noqa: PLC0415

    rates = Rates(settings)
    try:
        yield rates
    finally:
        await rates.close()


@asynccontextmanager
async def counting_logins(settings: Settings) -> AsyncIterator["LoginRates | None"]:
    """Yield what counts logins, or None where nobody logs in, and close it at the end."""
    if not (settings.console and settings.needs_tokens):
        yield None
        return
    from shared.wire.rates import LoginRates  # noqa: PLC0415

    logins = LoginRates(settings)
    try:
        yield logins
    finally:
        await logins.close()


class TokenLimit:
    """ASGI middleware that counts the requests of a token before anything of a body is read.

    With AUTH=off all callers are counted together.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_LIMITED):
            caller: Caller = scope["state"]["caller"]
            rates: Rates = scope["app"].state.front.rates
            try:
                _apply(scope, await rates.count_token(caller.name), "token")
            except RateLimited as error:
                await problem_of(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def count_tenant(scope: Scope, tenant_id: str) -> None:
    """Count a request for a tenant. Raises RateLimited."""
    rates: Rates | None = scope["app"].state.front.rates
    if rates is not None:
        _apply(scope, await rates.count_tenant(tenant_id), "tenant")


async def count_login(logins: "LoginRates | None", address: str) -> None:
    """Count a login from an address. Raises RateLimited."""
    window = await logins.count(address) if logins is not None else None
    if window is not None and window.exceeded:
        raise RateLimited(
            f"There may be {window.limit} logins a minute; try again in {window.reset} s.",
            retry_after=window.reset,
        )


def _apply(scope: Scope, window: "Window | None", whose: str) -> None:
    """Note what is left for the headers of the answer. Raises RateLimited if it is nothing."""
    if window is None:
        return
    state = scope["state"]
    noted: Window | None = state.get("window")
    if noted is None or window.remaining <= noted.remaining:
        state["window"] = window
    if window.exceeded:
        raise RateLimited(
            f"This {whose} may send {window.limit} requests in {window.seconds} s; try later.",
            retry_after=window.reset,
        )
