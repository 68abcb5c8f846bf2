"""A request goes to the address that was checked, and every failure becomes a sentence."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest

from shared.callback_urls import Address, CallbackHosts
from shared.local.processes import free_port
from tests.support.scripted_server import Act, Reply, Script, scripted
from tests.support.tls import PEM
from worker.callbacks.network import SystemResolver
from worker.callbacks.requests import SignedRequest
from worker.callbacks.sending import Answer, Sender

REQUEST = SignedRequest({"webhook-id": "d"}, b'{"a": 1}')
LIMIT = 10.0


def sender(
    *entries: str,
    found: Sequence[str] = ("127.0.0.1",),
    tls: ssl.SSLContext | None = None,
    limit: float = LIMIT,
) -> Sender:
    """Return a sender for these CALLBACK_HOSTS, for which every name has the addresses `found`."""

    async def resolve(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address(address) for address in found]

    return Sender(CallbackHosts(entries), resolve, tls or ssl.create_default_context(), limit)


async def sent_to(*acts: Act, limit: float = LIMIT) -> tuple[Answer, Script]:
    """Send a request to a server that follows a script."""
    async with scripted(*acts) as script:
        url = f"http://receiver:{urlsplit(script.url).port}/hook?secret=1"
        sending = sender("http://receiver", "127.0.0.0/8", limit=limit)
        return await sending.send(url, REQUEST), script


async def test_a_request_arrives_as_it_was_signed() -> None:
    """The name in the URL is the Host header, though the connection is to an address."""
    answer, script = await sent_to(Reply(204))

    (seen,) = script.seen
    assert answer == Answer(status=204)
    assert answer.accepted
    assert (seen.method, seen.path, seen.query) == ("POST", "/hook", {"secret": ["1"]})
    assert (seen.body, seen.headers["webhook-id"]) == (b'{"a": 1}', "d")
    assert seen.headers["host"] == f"receiver:{urlsplit(script.url).port}"


async def test_an_answer_that_accepts_is_never_too_strange() -> None:
    """A receiver that has the callback is not sent it again for a header that means nothing."""
    odd = {"Retry-After": f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT"}
    answer, _ = await sent_to(Reply(200, "", odd))

    assert answer == Answer(status=200)
    assert answer.accepted


async def test_the_system_resolves_names() -> None:
    """`localhost` is an exact entry, so loopback is permitted."""
    tls = ssl.create_default_context()
    sending = Sender(CallbackHosts(["http://localhost"]), SystemResolver().resolve, tls, LIMIT)
    async with scripted(Reply(200)) as script:
        port = urlsplit(script.url).port
        answer = await sending.send(f"http://localhost:{port}/", REQUEST)

    assert answer.accepted


async def test_a_name_without_addresses_is_reported() -> None:
    tls = ssl.create_default_context()
    sending = Sender(CallbackHosts(["*.invalid"]), SystemResolver().resolve, tls, LIMIT)
    answer = await sending.send("https://no.such.invalid/", REQUEST)

    assert answer.problem == "The name of the host could not be resolved."


async def test_a_private_address_is_never_connected_to() -> None:
    """The name is listed, but its addresses are not public, and the network is not listed."""
    async with scripted(Reply(200)) as script:
        url = f"http://receiver:{urlsplit(script.url).port}/"
        answer = await sender("http://receiver").send(url, REQUEST)

    assert script.seen == []
    assert "no public address" in str(answer.problem)
    assert (answer.status, answer.accepted) == (None, False)


async def test_a_url_that_is_no_longer_listed_is_not_sent_to() -> None:
    """The setting may have changed since the job was submitted."""
    answer = await sender("app.example.com").send("https://other.example.com/", REQUEST)

    assert "not listed" in str(answer.problem)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name again."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    answer, _ = await sent_to(Reply(200))

    assert answer.accepted


async def test_another_address_is_tried_if_one_does_not_answer() -> None:
    """The host may be unreachable over one of IPv4 and IPv6."""
    async with scripted(Reply(200)) as script:
        sending = sender("http://receiver", "127.0.0.0/8", "::1/128", found=("::1", "127.0.0.1"))
        answer = await sending.send(f"http://receiver:{urlsplit(script.url).port}/", REQUEST)

    assert answer.accepted


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """The target was not checked."""
    async with scripted(Reply(200)) as target:
        answer, script = await sent_to(Reply(status, "", {"Location": target.url}))

    assert (len(script.seen), target.seen) == (1, [])
    assert answer.problem == f"The receiver answered {status}; redirects are not followed."


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(503, "", {"Retry-After": "120"}), 120),
        (Reply(503, "", {"Retry-After": "soon"}), None),
        (Reply(503, "", {"Retry-After": f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT"}), None),
        (Reply(503, "", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), 0),
        (Reply(429), None),
    ],
)
async def test_an_error_status_may_say_when_to_try_again(
    reply: Reply, seconds: float | None
) -> None:
    answer, _ = await sent_to(reply)

    assert answer == Answer(
        status=reply.status,
        problem=f"The receiver answered {reply.status}.",
        retry_after=seconds,
    )
    assert not answer.refused_for_good


async def test_a_date_says_when_to_try_again() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    answer, _ = await sent_to(Reply(503, "", {"Retry-After": at}))

    assert answer.retry_after == pytest.approx(100, abs=20)


async def test_gone_is_for_good() -> None:
    answer, _ = await sent_to(Reply(410))

    assert answer.refused_for_good


async def test_a_receiver_that_does_not_answer_is_left() -> None:
    """The limit holds for the whole request."""
    answer, _ = await sent_to("silence", limit=0.2)

    assert answer == Answer(problem="There was no answer within 0.2 s.")


async def test_a_receiver_that_drops_the_connection_is_reported() -> None:
    answer, _ = await sent_to("drop")

    assert answer.problem == "The answer was not HTTP, or the connection was closed early."


async def test_nobody_listening_is_reported() -> None:
    sending = sender("http://receiver", "127.0.0.0/8")
    answer = await sending.send(f"http://receiver:{free_port()}/", REQUEST)

    assert answer.problem == "No connection could be made."


@pytest.mark.parametrize("endless", [True, False], ids=["endless", "stalled"])
async def test_the_body_of_an_answer_does_not_matter(endless: bool) -> None:
    """The status says that the callback arrived. No more than 64 kB are read."""
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while endless:
                writer.write(b"x" * 65_536)
                await writer.drain()
                written += 65_536
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        limit = LIMIT if endless else 0.2
        sending = sender("http://receiver", "127.0.0.0/8", limit=limit)
        answer = await sending.send(f"http://receiver:{port}/", REQUEST)

    assert answer == Answer(status=200)
    # The rest is in the buffers of the kernel.
    assert written < 20_000_000


async def test_tls_is_checked_with_the_name() -> None:
    """The certificate is for `localhost`, and the connection is to an address."""
    trusting = ssl.create_default_context(cafile=PEM)
    async with scripted(Reply(200), tls=_server_context()) as script:
        port = urlsplit(script.url).port
        allowed = ("localhost", "receiver", "127.0.0.0/8")
        named = await sender(*allowed, tls=trusting).send(f"https://localhost:{port}/", REQUEST)
        other = await sender(*allowed, tls=trusting).send(f"https://receiver:{port}/", REQUEST)
        untrusted = await sender(*allowed).send(f"https://localhost:{port}/", REQUEST)

    assert named.accepted
    assert len(script.seen) == 1
    why = "The receiver's certificate is not valid for its name, or TLS failed otherwise."
    assert (other.problem, untrusted.problem) == (why, why)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context
