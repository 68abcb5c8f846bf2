"""Exits with 0 if the front or the worker of this container lives, for Docker's HEALTHCHECK.

It asks /health/live, which touches no dependency: a container is not unhealthy because Postgres is.
"""

import os
import sys
import urllib.error
import urllib.request

_PORTS = {"PORT": "8000", "WORKER_PORT": "8001"}
_PATIENCE = 3  # seconds
# What a process listens on that listens on every address, of which loopback is one.
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def main() -> None:
    """Ask the ports of a front and of a worker. A container has one of them.

    Both listen on the address HOST.
    """
    host = os.environ.get("HOST") or "127.0.0.1"
    host = _ANY.get(host, host)
    ports = [os.environ.get(name) or default for name, default in _PORTS.items()]
    if not any(_lives(host, port) for port in ports):
        sys.exit(f"Nothing that lives answers on {host} at port {' or '.join(ports)}.")


def _lives(host: str, port: str) -> bool:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # Without the proxy that the environment may name.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{authority}/health/live", timeout=_PATIENCE) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main()
