"""Connects to receivers: resolves their names, checks the addresses, connects to a checked one."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from threading import Thread

import httpcore

from shared.callback_urls import Address, CallbackHosts, CallbackUrl

# Returns the addresses of a host. Raises OSError if there is none.
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
# How many addresses of a host are tried. Each gets the same share of the time.
_TRIED = 3


class SystemResolver:
    """Resolves names as the system does, in threads of its own, one for each host at a time.

    A name server that does not answer holds a thread for long after the attempt has given up. Such
    a thread delays no other host, and not the end of the process either. There are no more of them
    than attempts that a worker makes in the time that the system waits for a name server.
    """

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Future[list[Address]]] = {}

    async def resolve(self, host: str, _port: int) -> Sequence[Address]:
        """Return the addresses of a host, in the order of the system. Raises OSError.

        A look-up of this host that is under way is joined.
        """
        if (running := self._running.get(host)) is None:
            running = self._running[host] = asyncio.get_running_loop().create_future()
            running.add_done_callback(partial(self._done, host))
            # Executors wait for their threads when the process ends, and Python waits for every
            # thread that is no daemon.
            Thread(target=_look_up, args=(host, running), name="resolver", daemon=True).start()
        return await asyncio.shield(running)

    def _done(self, host: str, ended: asyncio.Future[list[Address]]) -> None:
        del self._running[host]
        # Every attempt may have given up already. The error is then nobody's.
        ended.exception()


def _look_up(host: str, result: asyncio.Future[list[Address]]) -> None:
    """Look up a host, and set the result, or the error, in the event loop of `result`."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        setting = partial(result.set_result, [ip_address(address[0]) for *_, address in found])
    except Exception as error:
        setting = partial(result.set_exception, error)
    with suppress(RuntimeError):
        # The loop is closed if the worker has stopped meanwhile.
        result.get_loop().call_soon_threadsafe(setting)


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
