"""The URL of Postgres: checks it before anything connects, and translates it for the drivers.

No error text shows the URL, because it contains a password.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.server_urls import (
    LAST_PORT,
    check_choice,
    check_host,
    check_parameter,
    check_scheme,
    scheme_of,
)

_SCHEMES = ("postgresql", "postgres")
# The parameters that asyncpg, psycopg or SQLAlchemy's dialect know. asyncpg would send any other to
# the server as a setting, and the URLs of hosting providers often have them (`channel_binding`).
_PARAMETERS = frozenset(
    {
        "host", "port", "user", "password", "database", "passfile", "ssl", "sslmode", "krbsrvname",
        "gsslib", "target_session_attrs", "prepared_statement_cache_size",
        "sslrootcert", "sslcert", "sslkey", "sslcrl", "ssl_min_protocol_version",
    }
)  # fmt: skip
# The parameters that may be given once for each of several hosts.
_PER_HOST = ("host", "port")
_DEFAULT_PORT = 5432
# Several hosts between the user and the database, as libpq's URLs have them.
_SEVERAL_HOSTS = re.compile(r"([\w+]+://(?:[^@]*@)?)([^/?@]*,[^/?@]*)((?:[/?].*)?)")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# The values that asyncpg accepts.
_CHOICES = {
    "ssl": _SSL_MODES,
    "sslmode": _SSL_MODES,
    "gsslib": ("gssapi", "sspi"),
    "target_session_attrs": (
        "any", "primary", "standby", "read-write", "read-only", "prefer-standby",
    ),
}  # fmt: skip


def async_url(url: str) -> URL:
    """Return `url`, in any of the usual spellings (`postgres://`, `?sslmode=`), for asyncpg."""
    return _url(url, "postgresql+asyncpg", ssl="ssl")


def sync_url(url: str) -> URL:
    """Return `url`, in any of the usual spellings, for psycopg, which synchronous tools use."""
    return _url(url, "postgresql+psycopg", ssl="sslmode")


def hosts_of(url: URL) -> list[URL]:
    """Return the URLs, for asyncpg, of each host that `url` names; itself if it names only one."""
    arguments = _arguments(url)
    if not isinstance(hosts := arguments.get("host"), list):
        return [url]
    return [
        url.set(host=None, port=None).update_query_dict({"host": host, "port": str(port)})
        for host, port in zip(hosts, _listed(arguments.get("port")), strict=True)
    ]


def _url(url: str, driver: str, ssl: str) -> URL:
    """Set the driver, and rename the parameters `ssl` and `sslmode` to `ssl`, the driver's name.

    The service writes, so a URL with several hosts leads to the one that takes writes, unless it
    asks for another.
    """
    parsed = _parsed(url).set(drivername=driver)
    names = {"ssl": ssl, "sslmode": ssl}
    query = {names.get(name, name): value for name, value in parsed.query.items()}
    if not isinstance(query.get("host", ""), str):
        query.setdefault("target_session_attrs", "read-write")
    return parsed.set(query=query)


def _parsed(url: str) -> URL:
    """Parse a URL, whose hosts may be in its parameters or listed as in `//host1:5432,host2/`."""
    if not (several := _SEVERAL_HOSTS.fullmatch(url)):
        return make_url(url)
    before, hosts, after = several.groups()
    named = [host if ":" in host else f"{host}:{_DEFAULT_PORT}" for host in hosts.split(",")]
    return make_url(before + after).update_query_dict({"host": named})


def check_database_url(url: str) -> str:
    """Return `url`. Raises ValueError with a sentence unless it can be the URL of a Postgres.

    A driver after a plus sign (`postgresql+asyncpg`) is accepted, because other tools need one.
    """
    check_scheme(scheme_of(url).partition("+")[0], _SCHEMES)
    try:
        parsed = _parsed(url)
    except (ArgumentError, ValueError):
        # The original error shows a part of the URL, which may be one of the password.
        raise ValueError(
            f"The port of the URL must be a number up to {LAST_PORT}. "
            "(@ in a password must be written as %40.)"
        ) from None
    for name, value in parsed.query.items():
        values = (value,) if isinstance(value, str) else value
        check_parameter(name, values[:1] if name in _PER_HOST else values, _PARAMETERS)
        if name in _CHOICES:
            check_choice(name, values[0], _CHOICES[name])
    _check_address(_arguments(async_url(url)))
    return url


def _arguments(url: URL) -> Mapping[str, Any]:
    """Return what SQLAlchemy passes to asyncpg.connect. Raises ValueError."""
    try:
        _, arguments = url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "The URL's parameters cannot be read: port and prepared_statement_cache_size are "
            "numbers, and several hosts need a port each."
        ) from None
    return arguments


def _check_address(arguments: Mapping[str, Any]) -> None:
    for host in _listed(arguments.get("host")):
        # asyncpg takes what begins with a slash for the folder of a Unix socket.
        if not host.startswith("/"):
            check_host(host)
    if not all(0 <= port <= LAST_PORT for port in _listed(arguments.get("port"))):
        raise ValueError(f"The port of the URL must be a number up to {LAST_PORT}.")


def _listed(value: Any) -> list[Any]:
    """Return the values of an argument, which is missing, single or a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _checked(url: SecretStr) -> SecretStr:
    check_database_url(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked)]
