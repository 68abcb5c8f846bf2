"""What shows that a request did not come straight from a program on this machine.

Without tokens, a front is only as safe as its address is private. A proxy in front of it, or a web
page in somebody's browser, would open it to the world all the same.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

# What proxies and the edges of clouds add, and programs do not.
_OF_PROXIES = frozenset(
    {
        b"cdn-loop",
        b"client-ip",
        b"do-connecting-ip",
        b"forwarded",
        b"true-client-ip",
        b"via",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-proxyuser-ip",
        b"x-real-ip",
        b"x-remote-addr",
        b"x-remote-ip",
        b"x-scheme",
    }
)
_KINDS_OF_PROXIES = (
    b"cf-",
    b"fastly-",
    b"fly-",
    b"x-appengine-",
    b"x-arr-",
    b"x-azure-",
    b"x-envoy-",
    b"x-forwarded",
    b"x-original-",
    b"x-vercel-",
)
# A name, or an address of version 6 in brackets; then maybe a port.
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:/@\s]+))(?::\d{1,5})?")
_LOCALHOST = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether a name or an address is always this machine itself."""
    name = host.lower()
    if name == _LOCALHOST or name.endswith(f".{_LOCALHOST}"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def exposure(
    scope: Mapping[str, Any], *, on_loopback: bool, allowed_hosts: Collection[str] = ()
) -> str | None:
    """Return what shows in an ASGI scope who else reaches this process, or None.

    It is named as in "the … of the request". With `on_loopback`, this process listens on this
    machine only. `allowed_hosts` are further names of it, in lower case and without a port.
    """
    if scope["http_version"] == "1.0":
        # Nginx before 1.29.7 speaks it by default, and adds no header.
        return "version HTTP/1.0"
    hosts, origins = [], []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.decode("latin-1").lower())
        elif name == b"origin":
            origins.append(value.decode("latin-1").lower())
        elif _is_foreign(name, value):
            return f"header {name.decode('latin-1').title()}"
    # A browser sends one Host; without any, or with several, the request is not from a browser, and
    # may pass through something that reads another one than we do.
    if len(hosts) != 1 or not _is_ours(hosts[0], allowed_hosts, on_loopback=on_loopback):
        return "header Host"
    foreign = [origin for origin in origins if origin.partition("://")[2] != hosts[0]]
    return "header Origin" if foreign else None


def _is_foreign(name: bytes, value: bytes) -> bool:
    if name == b"sec-fetch-site":
        # Browsers send it with every request, also with those that have no Origin.
        return value.strip().lower() == b"cross-site"
    return name in _OF_PROXIES or name.startswith(_KINDS_OF_PROXIES)


def _is_ours(host: str, allowed_hosts: Collection[str], *, on_loopback: bool) -> bool:
    """Return whether no web page can have had this name resolved to this process.

    Nobody owns an address or a name without a dot, such as that of a container. On loopback there
    is no need for either.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1] or found[2]
    if is_loopback(name) or name in allowed_hosts:
        return True
    return not on_loopback and ("." not in name or _address(name) is not None)


# A caller sends the same Host with every request, and parsing it was a tenth of the front's time.
@lru_cache(maxsize=256)
def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
