"""Opens the port of a front or a worker, before anything else starts."""

import socket

from shared.errors import PortTaken


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Listen on `host` and `port`, and return the socket; port 0 takes any free port.

    Raises PortTaken, whose text names `setting`, the setting that holds the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise PortTaken(
            f"{host}:{port} cannot be listened on ({error.strerror}): stop what listens there, "
            f"or choose another {setting} (0 takes any that is free)."
        ) from error
