"""Receives callbacks, as a program that uses the service does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

from shared.client import verify_callback
from shared.contracts.callbacks import CallbackBody

# How long a callback may take to come, in seconds.
_WITHIN = 60


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    headers: Mapping[str, str]
    body: bytes


class CallbackReceiver:
    """A server on 127.0.0.1. It answers with `statuses` one by one, and then with 204."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._received: Queue[Received] = Queue()
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                receiver._received.put(Received(dict(self.headers), self.rfile.read(length)))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/callbacks"

    def next(self) -> tuple[str, CallbackBody]:
        """Return the id and the verified body of the next callback; wait for it if need be."""
        received = self._received.get(timeout=_WITHIN)
        body = verify_callback(received.headers, received.body, self._secrets)
        assert isinstance(body, CallbackBody)
        ids = {name.lower(): value for name, value in received.headers.items()}
        return ids["webhook-id"], body

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
