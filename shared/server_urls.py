"""Checks the URLs of Postgres and Redis before anything tries to connect.

No error text shows the URL, because it contains a password.
"""

from collections.abc import Collection
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import AfterValidator, SecretStr

_POSTGRES = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")
_LAST_PORT = 65_535
# The parameters that asyncpg.connect and SQLAlchemy's dialect accept as text. Any other ends in a
# TypeError there, and the URLs of hosting providers often have libpq's own (`channel_binding`).
_PARAMETERS = frozenset(
    {
        "host", "port", "user", "password", "database", "passfile", "ssl", "sslmode", "krbsrvname",
        "gsslib", "target_session_attrs", "prepared_statement_cache_size",
    }
)  # fmt: skip
# The values of `ssl` and `sslmode` that asyncpg accepts.
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def check_database_url(url: str) -> str:
    """Return `url`. Raises ValueError with a sentence unless it can be the URL of a Postgres.

    A driver after a plus sign (`postgresql+asyncpg`) is accepted, because other tools need one.
    """
    _check_scheme(_scheme(url).partition("+")[0], _POSTGRES)
    _check_parameters(url)
    return _check_port(url)


def check_redis_url(url: str) -> str:
    """Return `url`. Raises ValueError with a sentence unless it can be the URL of a Redis."""
    _check_scheme(_scheme(url), _REDIS)
    return url if _scheme(url) == "unix" else _check_port(url)


def _database_url(url: SecretStr) -> SecretStr:
    check_database_url(url.get_secret_value())
    return url


def _redis_url(url: SecretStr) -> SecretStr:
    check_redis_url(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme if separator else ""


def _check_scheme(scheme: str, known: Collection[str]) -> None:
    if scheme not in known:
        *others, last = (f"{name}://" for name in known)
        raise ValueError(f"The URL must begin with {', '.join(others)} or {last}.")


def _check_parameters(url: str) -> None:
    for name, value in parse_qsl(_server(url).partition("?")[2]):
        if name not in _PARAMETERS:
            raise ValueError(f"The URL's parameter {name!r} is unknown to the driver: remove it.")
        if name in ("ssl", "sslmode") and value not in _SSL_MODES:
            raise ValueError(f"The URL's {name} must be one of {', '.join(_SSL_MODES)}.")


def _check_port(url: str) -> str:
    address = _server(url)
    for end in "/?#":
        address = address.partition(end)[0]
    # Colons inside brackets belong to an IPv6 address.
    port = address.rpartition("]")[2].partition(":")[2]
    if port and not (port.isdecimal() and int(port) <= _LAST_PORT):
        raise ValueError(f"The port of the URL must be a number up to {_LAST_PORT}.")
    return url


def _server(url: str) -> str:
    """Return what follows the last `@`: a password may hold `/`, `?`, `#` and `:`."""
    return url.partition("://")[2].rpartition("@")[2]
