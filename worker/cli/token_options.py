"""The options of `grocery-ai token create`."""

import re
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from shared.access.scopes import ALL_TENANTS, Scope
from shared.contracts.text import Identifier

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_TENANT: TypeAdapter[str] = TypeAdapter(Identifier)


def _lifetime(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a time such as 12h, 90d or 52w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def tenant_of_call(text: str) -> str:
    """Return the id of a tenant. Raises typer.BadParameter if it is none."""
    try:
        return _TENANT.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from error


def _tenant_of_token(text: str) -> str:
    # Whoever writes a list here means several tenants, and would get a token for none of them.
    if "," in text or (ALL_TENANTS in text and text != ALL_TENANTS):
        raise typer.BadParameter(f"{text!r} is not one tenant; repeat --tenant for each")
    return tenant_of_call(text)


Scopes = Annotated[
    list[Scope] | None, typer.Option("--scope", help="What it may do; may be repeated.")
]
Tenants = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant",
        parser=_tenant_of_token,
        metavar="ID",
        help="A tenant that it acts for; may be repeated. '*' stands for all.",
    ),
]
Lifetime = Annotated[
    timedelta | None,
    typer.Option("--expires", parser=_lifetime, metavar="90d", help="After how long it expires."),
]
PrintHash = Annotated[
    bool,
    typer.Option(
        "--print-hash",
        help="Store nothing; print a token and its hash for BOOTSTRAP_TOKEN_HASH.",
    ),
]
