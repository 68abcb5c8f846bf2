"""Runs a server that speaks S3, and makes buckets on it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from shared.local.processes import block_until, free_port, running

# What every caller has in its environment. The server accepts any.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
    "AWS_REGION": "us-east-1",
}
BUCKET = "receipts"


@contextmanager
def bucket_server(log: Path) -> Iterator[str]:
    """Run the server during the block with the bucket `receipts`; yields its URL.

    It keeps objects in memory.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, log=log) as process:
        block_until(lambda: _has_bucket(url), "the S3 server", process=process, log=log)
        yield url


def _has_bucket(url: str) -> bool:
    try:
        # The body is what gives the request a length.
        return httpx.put(f"{url}/{BUCKET}", content=b"").is_success
    except httpx.TransportError:
        return False
