"""Says whether a server listens at a port."""

from socket import create_connection


def listens(port: int) -> bool:
    """Return whether something accepts connections at a port of 127.0.0.1 within a second."""
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
