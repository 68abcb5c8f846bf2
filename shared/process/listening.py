"""Opens the port of a front or a worker, before anything else starts."""

import errno
import os
import socket
from contextlib import ExitStack
from typing import Any

from shared.errors import PortTaken

# What the system says about an address of IPv6 if IPv6 is switched off, though names resolve to it.
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(host: str, port: int, setting: str) -> list[socket.socket]:
    """Listen on every address of `host`, as asyncio does, and return a socket for each.

    A name such as `localhost` can have an address of IPv4 and one of IPv6, and an empty `host`
    means all addresses. Port 0 takes a free port, the same on all of them. Raises PortTaken, whose
    text names `setting`, the setting that holds the port.
    """
    try:
        return _listen(host, port)
    except (socket.gaierror, UnicodeError) as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port}: HOST must be an address of this machine, or a name "
            "that has one."
        ) from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {reason}. Stop what listens there, "
            f"or choose another {setting} (0 takes any free port)."
        ) from error


def _listen(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    with ExitStack() as opened:
        for family, address in _addresses(host, port):
            try:
                # The first address decides what port 0 stands for.
                chosen = sockets[0].getsockname()[1] if sockets else port
                server = socket.create_server((address[0], chosen, *address[2:]), family=family)
                # Connections inherit it. asyncio sets it only on sockets that it opened itself.
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise
                missing = error
            else:
                sockets.append(opened.enter_context(server))
        if missing and not sockets:
            raise missing
        opened.pop_all()
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """Return the addresses that `host` resolves to, once each."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, *_, address in found))
