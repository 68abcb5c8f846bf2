"""A receiver of callbacks that refuses, hangs and dies at random, and notes what it received.

It is a process of its own: `python -m tests.chaos.scenarios.receiver PORT FILE SECRET SEED`. A
callback is received once its id and its job are in FILE, whatever the receiver then answers. With
SEED 0 it has no faults.
"""

import os
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook

# Shares of the requests: refused with 500, left without an answer, received without an answer, and
# received by a process that dies before it answers.
_REFUSED, _HUNG, _UNANSWERED, _DEADLY = 0.15, 0.05, 0.05, 0.02


def serve(port: int, file: Path, secret: str, seed: int) -> None:
    """Serve until the process is killed, or kills itself."""
    rng = random.Random(seed)
    key = Webhook(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = key.verify(body, dict(self.headers))
            fate = rng.random() if seed else 1.0
            if fate < _REFUSED:
                self._answer(500)
                return
            if fate < _REFUSED + _HUNG:
                threading.Event().wait()
            with file.open("a") as received:
                received.write(f"{self.headers['webhook-id']} {event['data']['job_id']}\n")
            if fate < _REFUSED + _HUNG + _UNANSWERED:
                threading.Event().wait()
            if fate < _REFUSED + _HUNG + _UNANSWERED + _DEADLY:
                os._exit(1)
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
