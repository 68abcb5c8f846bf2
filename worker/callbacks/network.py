"""Connects to receivers: resolves their names, checks the addresses, connects to a checked one."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from ipaddress import ip_address
from types import TracebackType

import httpcore

from shared.callback_urls import Address, CallbackHosts, CallbackUrl

# Returns the addresses of a host. Raises OSError if there is none.
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
# How many addresses of a host are tried. Each gets the same share of the time.
_TRIED = 3


class SystemResolver(AbstractContextManager["SystemResolver"]):
    """Resolves names as the system does, in threads of its own.

    A name server that does not answer holds a thread for long after the attempt has given up, and
    must not hold one that other parts of the worker need.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "resolver")

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        """Return the addresses of a host, in the order of the system. Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [ip_address(address[0]) for *_, address in found]

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """The network of one request, which reaches only the addresses that a URL may lead to.

    Nothing resolves the name a second time, so a name server cannot answer the check with one
    address and the connection with another.
    """

    def __init__(
        self, url: CallbackUrl, hosts: CallbackHosts, resolve: Resolve, limit: float
    ) -> None:
        """Allow `limit` seconds for connecting."""
        self._url = url
        self._hosts = hosts
        self._resolve = resolve
        self._limit = limit
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the interface)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that is permitted and answers.

        Raises CallbackRefused if none is permitted, OSError if the name has no address, and
        httpcore's errors if none answers.
        """
        addresses = self._hosts.permitted(self._url, await self._resolve(host, port))[:_TRIED]
        share = self._limit / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                # The host may be unreachable over one of IPv4 and IPv6.
                continue
        return await self._network.connect_tcp(str(addresses[-1]), port, share)
