"""Exits with 0 if the front or the worker of this container lives, for Docker's HEALTHCHECK.

It asks /health/live, which touches no dependency: a container is not unhealthy because Postgres is.
"""

import os
import sys
import urllib.error
import urllib.request

_PORTS = {"PORT": "8000", "WORKER_PORT": "8001"}
_PATIENCE = 3  # seconds


def main() -> None:
    """Ask the ports of a front and of a worker. A container has one of them."""
    ports = [os.environ.get(name) or default for name, default in _PORTS.items()]
    if not any(_lives(port) for port in ports):
        sys.exit(f"Nothing that lives answers at port {' or '.join(ports)}.")


def _lives(port: str) -> bool:
    url = f"http://127.0.0.1:{port}/health/live"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main()
