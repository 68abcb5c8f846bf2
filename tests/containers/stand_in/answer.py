#!/usr/bin/env python3
"""Answers every request on some ports with 200, in place of a server that no registry gave."""

import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PORTS = (3000, 3100, 3200, 4317, 9093)


class Answer(BaseHTTPRequestHandler):
    """Says 200 to every request, once its body was read."""

    def do_GET(self) -> None:
        """Answer without a body."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 (the names that the library calls)


def main() -> None:
    """Serve on all ports until the process is stopped."""
    servers = [ThreadingHTTPServer(("", port), Answer) for port in PORTS]
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    # The first process of a container ignores signals that it does not handle.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
