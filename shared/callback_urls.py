"""Decides which URLs a callback may have, and which addresses they may lead to.

The front checks a URL when a job is submitted. A worker checks it again before each attempt, then
the addresses that its host resolves to, and connects to one of those that passed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self
from urllib.parse import SplitResult, urlsplit

from shared.rejections import CallbackRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"https": 443, "http": 80}
_LOCALHOST = "localhost"
_PRINTABLE = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
# The part of IPv6 that is assigned to hosts.
_UNICAST = IPv6Network("2000::/3")
# Networks that not every version of Python knows to be no public ones: tunnels from IPv6 to IPv4
# (6to4 and its relays, Teredo) and addresses for documentation.
_NOT_PUBLIC: tuple[Network, ...] = (
    *map(IPv6Network, ("2002::/16", "2001::/32", "3fff::/20")),
    IPv4Network("192.88.99.0/24"),
)
# Networks whose addresses end in one of IPv4: compatible, mapped, SIIT and NAT64.
_ENDS_IN_IPV4 = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
)


@dataclass(frozen=True)
class CallbackUrl:
    """A URL in the parts that a request needs, so that nothing has to parse it a second time.

    `host` is a name in lower case or an address without brackets; `target` is path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parts of an absolute http or https URL. Raises CallbackRefused."""
        if "\\" in text or not _PRINTABLE.fullmatch(text):
            raise CallbackRefused(
                "callback.url: percent-encode spaces and characters beyond ASCII."
            )
        if "#" in text:
            raise CallbackRefused("callback.url: a fragment (#…) is refused, since it is not sent.")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise CallbackRefused("callback.url: this is not a URL.") from None
        if "@" in parts.netloc:
            raise CallbackRefused(
                "callback.url: a user or password is refused; verify the signature instead."
            )
        if parts.scheme not in _PORTS or not host or not _is_host(host):
            raise CallbackRefused("callback.url: this is not an absolute https URL.")
        if port == 0:
            raise CallbackRefused("callback.url: no server can be reached on port 0.")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], _target(parts))

    @property
    def authority(self) -> str:
        """Host and port, as they are written in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class _ListedHost:
    """A host of CALLBACK_HOSTS; `port` is None for any, `plain` allows http beside https."""

    host: str
    port: int | None
    plain: bool
    subdomains: bool

    def includes(self, url: CallbackUrl) -> bool:
        """Return whether a URL has this host, its port and a scheme that is allowed."""
        same = url.host.endswith(f".{self.host}") if self.subdomains else url.host == self.host
        return same and self.port in (None, url.port) and (self.plain or url.scheme == "https")


class CallbackHosts:
    """The hosts and networks of the setting CALLBACK_HOSTS."""

    def __init__(self, entries: Sequence[str]) -> None:
        """Parse the entries; without any, callbacks are off.

        `app.example.com` is one host and `*.example.com` all hosts below another, over https and on
        any port unless one is given. `http://app:4000` allows plain http as well. `10.0.0.0/8`
        allows addresses that are not public, for every listed host. Raises ValueError.
        """
        networks = [entry for entry in entries if "/" in entry and "://" not in entry]
        self._networks: tuple[Network, ...] = tuple(map(ip_network, networks))
        self._hosts = tuple(_parse(entry) for entry in entries if entry not in networks)

    def check(self, text: str) -> CallbackUrl:
        """Return the parts of a URL. Raises CallbackRefused unless its host is listed.

        An address in the place of a name is checked as well. Names are not looked up.
        """
        if not self._hosts:
            raise CallbackRefused("Callbacks are off here: CALLBACK_HOSTS lists no host.")
        url = CallbackUrl.parse(text)
        if not any(listed.includes(url) for listed in self._hosts):
            raise CallbackRefused(
                f"callback.url: {url.scheme}://{url.authority} is not listed in CALLBACK_HOSTS, "
                "where plain http has to be allowed by name."
            )
        if (address := _address(url.host)) is not None:
            self.permitted(url, [address])
        return url

    def permitted(self, url: CallbackUrl, addresses: Iterable[Address]) -> list[Address]:
        """Return those addresses to which a listed URL may lead, in the given order.

        These are public addresses and those of a listed network. An entry that names an address or
        `localhost` permits that address, or loopback. Raises CallbackRefused if none is left.
        """
        permitted = [address for address in addresses if self._permits(url.host, address)]
        if not permitted:
            raise CallbackRefused(
                f"callback.url: {url.host} leads to no public address, and to none in a network "
                "that CALLBACK_HOSTS lists."
            )
        return permitted

    def _permits(self, host: str, address: Address) -> bool:
        named = _address(host) == address or (host == _LOCALHOST and address.is_loopback)
        if named and any(listed.host == host for listed in self._hosts):
            return True
        if any(address in network for network in self._networks):
            inner = _ipv4_in(address)
            return inner is None or self._permits(host, inner)
        return _is_public(address)


def _parse(entry: str) -> _ListedHost:
    scheme, _, rest = entry.rpartition("://")
    subdomains = rest.startswith("*.")
    try:
        parts = urlsplit(f"//{rest.removeprefix('*.')}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    known = scheme in _PORTS or "://" not in entry
    is_host = _is_host(host) and not set("/?#@") & set(rest)
    if not (known and is_host) or port == 0 or (subdomains and _address(host) is not None):
        raise ValueError(
            f"{entry!r} is none of app.example.com, *.example.com, http://app:4000, 10.0.0.0/8"
        )
    return _ListedHost(host, port, plain=scheme == "http", subdomains=subdomains)


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _is_host(host: str) -> bool:
    return _address(host) is not None or _NAME.fullmatch(host) is not None


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _ipv4_in(address: Address) -> IPv4Address | None:
    """Return the address of IPv4 in which one of IPv6 ends, or None."""
    if any(address in network for network in _ENDS_IN_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public(address: Address) -> bool:
    """Return whether an address belongs to a host on the public network."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST
