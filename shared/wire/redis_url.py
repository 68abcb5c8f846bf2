"""The URL of Redis: checks it before anything connects.

No error text shows the URL, because it contains a password.
"""

from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, SecretStr
from redis.asyncio.connection import ConnectionPool, parse_url
from redis.exceptions import RedisError

from shared.server_urls import (
    LAST_PORT,
    check_choice,
    check_host,
    check_parameter,
    check_scheme,
    scheme_of,
)

_SCHEMES = ("redis", "rediss", "unix")
# The parameters of redis-py that may be text and do not change what it returns. The others need an
# object, which a URL cannot hold, or end in an error at the first command.
_PARAMETERS = frozenset(
    {
        "db", "username", "password", "client_name", "protocol", "max_connections",
        "socket_timeout", "socket_connect_timeout", "socket_keepalive", "retry_on_timeout",
        "health_check_interval", "ssl_keyfile", "ssl_certfile", "ssl_cert_reqs", "ssl_ca_certs",
        "ssl_ca_data", "ssl_check_hostname", "ssl_ciphers",
    }
)  # fmt: skip
_CHOICES = {"protocol": ("2", "3"), "ssl_cert_reqs": ("none", "optional", "required")}


def check_redis_url(url: str) -> str:
    """Return `url`. Raises ValueError with a sentence unless it can be the URL of a Redis."""
    check_scheme(scheme_of(url), _SCHEMES)
    try:
        parsed = urlsplit(url)
        _ = parsed.port
    except ValueError:
        # The original error shows a part of the URL, which may be one of the password.
        raise ValueError(
            f"The port of the URL must be a number up to {LAST_PORT}. "
            "(/ ? # [ ] in a password must be written as %2F %3F %23 %5B %5D.)"
        ) from None
    for name, values in parse_qs(parsed.query).items():
        check_parameter(name, values, _PARAMETERS)
        if name in _CHOICES:
            check_choice(name, values[0], _CHOICES[name])
    # The one error that is left names the parameter whose value is wrong.
    options = parse_url(url)
    try:
        # This makes an object, but connects to nothing.
        pool: Any = ConnectionPool.from_url(url)
        pool.make_connection()
    except (RedisError, TypeError, ValueError):
        raise ValueError(
            "The driver refuses the URL's parameters. Those of TLS (ssl_...) need rediss://."
        ) from None
    check_host(options.get("host", ""))
    return url


def _checked(url: SecretStr) -> SecretStr:
    check_redis_url(url.get_secret_value())
    return url


RedisUrl = Annotated[SecretStr, AfterValidator(_checked)]
