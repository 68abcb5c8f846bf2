"""Sends one request to a receiver, and says what came of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore

from shared.callback_urls import CallbackHosts, CallbackUrl
from shared.rejections import CallbackRefused
from worker.callbacks.network import CheckedNetwork, Resolve
from worker.callbacks.requests import SignedRequest

# Bytes of an answer's body that are read, before the connection is closed.
_MOST_READ = 64_000
_GONE = 410
_BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of an attempt.

    `status` is None if there was no answer. `problem` is a sentence that says why the callback was
    not accepted, and may be shown to the caller; it is empty if it was. `retry_after` is in
    seconds.
    """

    status: int | None = None
    problem: str = ""
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver has the callback."""
        return not self.problem

    @property
    def refused_for_good(self) -> bool:
        """Whether the receiver wants no further attempt."""
        return self.status == _GONE


class Sender:
    """Sends requests, each over a connection of its own.

    Redirects are not followed, and no proxy of the environment is used: the address that was
    checked is the address that receives the request.
    """

    def __init__(
        self, hosts: CallbackHosts, resolve: Resolve, tls: ssl.SSLContext, limit: float
    ) -> None:
        """Allow `limit` seconds for a request, from the look-up of the name to the answer."""
        self._hosts = hosts
        self._resolve = resolve
        self._tls = tls
        self._limit = limit

    async def send(self, url: str, request: SignedRequest) -> Answer:
        """Send a request. No failure of the receiver or the network raises."""
        try:
            return await self._send(self._hosts.check(url), request)
        except CallbackRefused as error:
            return Answer(problem=error.detail)
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(problem=f"There was no answer within {self._limit:g} s.")
        except httpcore.ProtocolError:
            return Answer(problem="The answer was not HTTP, or the connection was closed early.")
        except httpcore.NetworkError as error:
            return Answer(problem=_network_problem(error))
        except OSError:
            return Answer(problem="The name of the host could not be resolved.")

    async def _send(self, url: CallbackUrl, request: SignedRequest) -> Answer:
        deadline = asyncio.get_running_loop().time() + self._limit
        async with AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                response = await stack.enter_async_context(self._stream(url, request))
            # The status has come, and nothing that happens to the rest of the answer changes it.
            with suppress(TimeoutError, *_BROKEN):
                async with asyncio.timeout_at(deadline):
                    await _read_some(response)
            return _answer(response)

    @asynccontextmanager
    async def _stream(
        self, url: CallbackUrl, request: SignedRequest
    ) -> AsyncIterator[httpcore.Response]:
        target = httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
        network = CheckedNetwork(url, self._hosts, self._resolve, self._limit)
        headers = {"host": url.authority, "connection": "close", **request.headers}
        async with (
            httpcore.AsyncHTTPConnection(
                target.origin, ssl_context=self._tls, network_backend=network
            ) as connection,
            connection.stream(
                "POST", target, headers=list(headers.items()), content=request.body
            ) as response,
        ):
            yield response


def _answer(response: httpcore.Response) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status=status)
    redirect = "; redirects are not followed" if 300 <= status < 400 else ""
    headers = {name.lower(): value for name, value in response.headers}
    return Answer(
        status=status,
        problem=f"The receiver answered {status}{redirect}.",
        retry_after=_seconds(headers.get(b"retry-after", b"").decode("latin-1")),
    )


async def _read_some(response: httpcore.Response) -> None:
    """Read the body, so that the receiver can finish, but no more than a receiver should send."""
    read = 0
    async for part in response.aiter_stream():
        read += len(part)
        if read >= _MOST_READ:
            return


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a Retry-After header, which has a number or a date; else None."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0)


def _network_problem(error: httpcore.NetworkError) -> str:
    if isinstance(error.__context__, ssl.SSLError):
        return "The receiver's certificate is not valid for its name, or TLS failed otherwise."
    if isinstance(error, httpcore.ConnectError):
        return "No connection could be made."
    return "The connection was lost before there was an answer."
