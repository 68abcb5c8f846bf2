"""Visits the console as a browser does."""

import re

import httpx

LOGIN = "/console/login"
_FIELD = re.compile(r'name="(csrf|next)" value="([^"]*)"')


async def log_in(http: httpx.AsyncClient, token: str, page: str = LOGIN) -> httpx.Response:
    """Open the page of the login, and send its form with a token."""
    form = dict(_FIELD.findall((await http.get(page)).text))
    return await http.post(LOGIN, data={**form, "token": token})


async def log_out(http: httpx.AsyncClient) -> httpx.Response:
    """Send the form with which somebody logs out."""
    return await http.post("/console/logout", data={"csrf": await csrf_of(http)})


async def csrf_of(http: httpx.AsyncClient, page: str = "/console") -> str:
    """Return what the forms of a page send along."""
    fields: list[tuple[str, str]] = _FIELD.findall((await http.get(page)).text)
    return dict(fields)["csrf"]
