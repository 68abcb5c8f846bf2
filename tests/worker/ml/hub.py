"""A Hugging Face hub of one model on this machine: as much of its interface as a download needs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "5eed" * 10


@contextmanager
def serving(name: str, folder: Path) -> Iterator[str]:
    """Serve the files of `folder` as the model `name`; yields the URL for HF_ENDPOINT."""
    about = json.dumps({"id": name, "sha": COMMIT, "siblings": []}).encode()
    files = {
        f"/{name}/resolve/{revision}/{file.name}": file.read_bytes()
        for revision in ("main", COMMIT)
        for file in folder.iterdir()
    }
    handler = _handler({f"/api/models/{name}": about, **files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(contents: Mapping[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Hub(BaseHTTPRequestHandler):
        """Each path has its content; everything else is not there."""

        def do_GET(self) -> None:
            """With the content."""
            self.wfile.write(self._head())

        def do_HEAD(self) -> None:
            """Only its size, commit and ETag."""
            self._head()

        def log_message(self, *_args: object) -> None:
            """Keep the tests' output clean."""

        def _head(self) -> bytes:
            content = contents.get(self.path.partition("?")[0])
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound")
                content = b""
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            return content

    return Hub
