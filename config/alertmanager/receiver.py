"""Writes each alert that Alertmanager sends as one line of JSON: an example of a receiver.

It listens on PORT (9095) of every address, and the path says for whom a notification is.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LARGEST = 1_000_000  # bytes


class _Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self) -> None:
        """Take a notification; Alertmanager sends it again unless the answer is 200."""
        try:
            length = max(0, min(int(self.headers.get("Content-Length", "")), _LARGEST))
            alerts = [_line(alert) for alert in json.loads(self.rfile.read(length))["alerts"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            self.send_error(400)
            return
        for alert in alerts:
            _write({**alert, "receiver": self.path.strip("/")})
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Write no line for each request: only alerts are worth one."""


def _line(alert: dict[str, Any]) -> dict[str, Any]:
    labels, annotations = alert["labels"], alert.get("annotations", {})
    return {
        "message": f"alert.{alert['status']}",
        "level": "error" if labels.get("severity") == "critical" else "warning",
        **{key: annotations[key] for key in ("summary", "runbook_url") if key in annotations},
        "labels": labels,
        "since": alert["startsAt"],
    }


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "9095"))), _Receiver).serve_forever()
