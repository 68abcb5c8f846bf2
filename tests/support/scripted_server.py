"""Runs an HTTP server that follows a script: odd answers, dropped connections, silence."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from shared.contracts.problems import PROBLEM_MEDIA_TYPE
from shared.errors import ErrorClass


@dataclass(frozen=True)
class Reply:
    """An answer of the server, which closes the connection after it unless `keep` is true."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False


# "drop" closes the connection without a reply, also one that was kept; "silence" waits until the
# client is gone.
Act = Reply | Literal["drop", "silence"]


@dataclass(frozen=True)
class Seen:
    """A request that the server received.

    `at` is in seconds of the monotonic clock; `connection` counts the connections from 1.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    at: float
    connection: int


@dataclass
class Script:
    """The acts of a server, the last of which is repeated, its URL, and the requests it saw."""

    acts: list[Act]
    url: str = ""
    connections: int = 0
    seen: list[Seen] = field(default_factory=list)

    def next(self) -> Act:
        """Take the next act, or repeat the last one."""
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


def ok(body: Mapping[str, Any]) -> Reply:
    """Return a JSON answer with status 200."""
    return Reply(200, json.dumps(body), {"Content-Type": "application/json"})


def html(status: int, **headers: str) -> Reply:
    """Return an HTML answer, such as a proxy sends."""
    return Reply(status, "<html>Oops</html>", {"Content-Type": "text/html", **headers})


def problem(
    status: int, error_class: ErrorClass, code: str, retry_after: int | None = None
) -> Reply:
    """Return a problem document, as the service sends it."""
    document = {
        "type": f"urn:grocery-planner-ai:problem:{code}",
        "title": "Problem",
        "status": status,
        "detail": f"It is {code}.",
        "instance": "/",
        "error": code,
        "error_class": error_class,
        "retryable": error_class.retryable,
        "request_id": "r",
        "trace_id": None,
    }
    headers = {"Content-Type": PROBLEM_MEDIA_TYPE}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Reply(status, json.dumps(document), headers)


@asynccontextmanager
async def scripted(
    *acts: Act, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Script]:
    """Run a server while the block runs."""
    script = Script(list(acts))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script.connections += 1
        number, kept = script.connections, True
        try:
            while kept and (seen := await _read(reader, number)):
                script.seen.append(seen)
                kept = await _act(script.next(), reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield script


async def _act(act: Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Do what the script says, and return whether the connection is kept."""
    if isinstance(act, Reply):
        writer.write(_encode(act))
        await writer.drain()
    elif act == "silence":
        await reader.read()
    return isinstance(act, Reply) and act.keep


async def _read(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    """Read a request. Returns None if the client closed the connection instead of sending one."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    return Seen(method, url.path, parse_qs(url.query), headers, body, time.monotonic(), connection)


def _encode(reply: Reply) -> bytes:
    body = reply.body.encode()
    headers = {"Content-Length": str(len(body)), **reply.headers}
    if not reply.keep:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status} .", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
