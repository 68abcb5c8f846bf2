"""The URL of Redis: checks it before anything connects, and reads it.

`redis+sentinel://user:password@host:port,host:port/service/db` names Sentinels, which know where
the server is. No error text shows a URL, because it contains a password.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

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

_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
# A name or an address, those of IPv6 in brackets, and perhaps a port.
_HOST = r"(?:\[[^]/?#@,]+\]|[^]/?#@,:[]+)(?::[^/?#@,]*)?"
_SENTINEL_URL = re.compile(
    rf"(?P<scheme>rediss?)\+sentinel://(?P<account>[^/?#]*@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"/(?P<service>[\w.-]+)(?:/(?P<db>\d+))?(?:\?(?P<query>[^#]*))?"
)
_SENTINEL_PORT = 26_379
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


@dataclass(frozen=True)
class RedisServer:
    """What a URL says: `options` are those of a pool of redis-py.

    If the URL names Sentinels, `sentinels` has their hosts and ports, `service` is the name by
    which they know the server, and `sentinel_options` are those of a connection to one of them.
    """

    options: Mapping[str, Any]
    sentinels: Sequence[tuple[str, int]] = ()
    service: str = ""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict)


def check_redis_url(url: str) -> str:
    """Return `url`. Raises ValueError with a sentence unless it can be the URL of a Redis."""
    scheme = scheme_of(url)
    check_scheme(scheme, _SCHEMES)
    if scheme.endswith("+sentinel"):
        parts = _sentinel_parts(url)
        for host in parts.hosts:
            _check_plain(parts.url_of(host))
    else:
        _check_plain(url)
    return url


def redis_server(url: str) -> RedisServer:
    """Read a URL that `check_redis_url` has accepted."""
    if not scheme_of(url).endswith("+sentinel"):
        return RedisServer(parse_url(url))
    parts = _sentinel_parts(url)
    options = dict(parse_url(parts.url_of(parts.hosts[0])))
    found = [parse_url(parts.url_of(host)) for host in parts.hosts]
    hosts = [(each["host"], each.get("port", _SENTINEL_PORT)) for each in found]
    # Whoever describes the connections, as spans do, names the service instead of an address.
    options["host"] = parts.service
    options.pop("port", None)
    # A Sentinel is reached as the server is, and has users of its own.
    shared = {name: value for name, value in options.items() if name.startswith("ssl_")}
    return RedisServer(options, hosts, parts.service, {**shared, **parts.account})


@dataclass(frozen=True)
class _SentinelParts:
    """The parts of a URL of Sentinels; `account` is the one that the Sentinels themselves know."""

    scheme: str
    server_account: str
    hosts: Sequence[str]
    service: str
    db: str
    query: str
    account: Mapping[str, str]

    def url_of(self, host: str) -> str:
        """Return the URL of the server as if it were at `host`, which may have a port."""
        return f"{self.scheme}://{self.server_account}{host}/{self.db}?{self.query}"


def _sentinel_parts(url: str) -> _SentinelParts:
    found = _SENTINEL_URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "A URL of Sentinels has the form redis+sentinel://user:password@host:port,host:port"
            "/service/db. (/ ? # in a password must be written as %2F %3F %23.)"
        )
    query = parse_qs(found["query"] or "")
    account = {}
    for name in ("username", "password"):
        values = query.pop(f"sentinel_{name}", [])
        if values:
            check_parameter(f"sentinel_{name}", values, (f"sentinel_{name}",))
            account[name] = values[0]
    return _SentinelParts(
        found["scheme"],
        found["account"] or "",
        found["hosts"].split(","),
        found["service"],
        found["db"] or "0",
        urlencode(query, doseq=True),
        account,
    )


def _check_plain(url: str) -> None:
    """Raise ValueError unless redis-py itself can use a URL."""
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


def _checked(url: SecretStr) -> SecretStr:
    check_redis_url(url.get_secret_value())
    return url


RedisUrl = Annotated[SecretStr, AfterValidator(_checked)]
