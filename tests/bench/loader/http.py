"""HTTP/1.1 over one connection that stays open, with nothing but asyncio."""

import asyncio
import re
from dataclasses import dataclass

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"location: *(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An answer of the front."""

    status: int
    head: bytes
    body: bytes

    @property
    def location(self) -> str:
        """The path of the job that was accepted."""
        found = _LOCATION.search(self.head)
        if found is None:
            raise RuntimeError(f"{self.status} without a location: {self.body[:300]!r}")
        return found[1].decode()


class Connection(asyncio.Protocol):
    """One connection, for one call at a time."""

    def __init__(self, host: str, tenant: str, token: str | None = None) -> None:
        self._common = f"Host: {host}\r\nX-Tenant-ID: {tenant}\r\n"
        if token:
            self._common += f"Authorization: Bearer {token}\r\n"
        self._received = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str, tenant: str, token: str | None = None) -> "Connection":
        """Connect to the front at `url`. Each request has the token, if there is one."""
        host, _, port = url.removeprefix("http://").partition(":")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: cls(host, tenant, token), host, int(port)
        )
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Give the answer to the caller once it is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None:
            return
        head = bytes(self._received[:end])
        length = _LENGTH.search(head)
        begin = end + 4
        whole = begin + (int(length[1]) if length else 0)
        if len(self._received) < whole:
            return
        body = bytes(self._received[begin:whole])
        del self._received[:whole]
        answer, self._answer = self._answer, None
        answer.set_result(Answer(int(head[9:12]), head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the call that is under way."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the front closed the connection"))

    async def get(self, path: str) -> Answer:
        """Call GET."""
        return await self._call(f"GET {path} HTTP/1.1\r\n{self._common}\r\n".encode())

    async def post(self, path: str, body: bytes, headers: str = "") -> Answer:
        """Call POST with a JSON body. Each of the `headers` ends with CR and LF."""
        head = (
            f"POST {path} HTTP/1.1\r\n{self._common}{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await self._call(head.encode() + body)

    async def _call(self, request: bytes) -> Answer:
        assert self.transport is not None
        if self.transport.is_closing():
            raise ConnectionError("the front has closed the idle connection")
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()
