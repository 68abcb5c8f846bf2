"""A local Hugging Face hub of one model, with as much of the interface as a download needs."""

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
        """Serves `contents` by path, and 404 for every other path."""

        def do_GET(self) -> None:
            self.wfile.write(self._head())

        def do_HEAD(self) -> None:
            self._head()

        def log_message(self, *_args: object) -> None:
            """Print nothing among the output of the tests."""

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
