"""What shows that a request did not come straight from a program on this machine.

Without tokens, a front is only as safe as its address is private. A proxy in front of it, or a web
page in somebody's browser, would open it to the world all the same.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

Headers = Iterable[tuple[bytes, bytes]]

_OF_PROXIES = (b"forwarded", b"via", b"x-real-ip")
_X_FORWARDED = b"x-forwarded-"
# A name, or an address of version 6 in brackets; then maybe a port.
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:/@]+))(?::\d{1,5})?")
_LOCALHOST = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether a name or an address is always this machine itself."""
    name = host.lower()
    if name == _LOCALHOST or name.endswith(f".{_LOCALHOST}"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def exposure(headers: Headers, *, on_loopback: bool) -> str | None:
    """Return the name of the header that shows who else reaches this process, or None.

    With `on_loopback`, this process listens on this machine only, and every other Host is foreign:
    a web page may have had its own name resolved to this address. Names are in lower case.
    """
    hosts, origins = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name == b"origin":
            origins.append(value.decode("latin-1"))
        elif name in _OF_PROXIES or name.startswith(_X_FORWARDED):
            return name.decode("latin-1").title()
    # A browser sends one Host; without any, or with several, the request is not from a browser, and
    # may pass through something that reads another one than we do.
    if len(hosts) != 1 or (on_loopback and not _names_this_machine(hosts[0])):
        return "Host"
    foreign = [
        origin for origin in origins if origin.partition("://")[2].lower() != hosts[0].lower()
    ]
    return "Origin" if foreign else None


def _names_this_machine(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and is_loopback(found[1] or found[2])
