"""Connections that are opened and never used, or used too slowly, must not keep others out."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette

from shared.serving.limits import ConnectionLimits, connections_at_most
from shared.settings import Settings
from tests.attacks.connections.bounded_server import Caller, bounded_server, get, post
from tests.support.fronts import front_server
from tests.support.waiting import wait_until
from worker.health.probes import serving

HALF_A_HEADER = b"GET / HTTP/1.1\r\nHost:"
HALF_A_BODY = post("", 1000) + b"{"
LONG = 1000.0


def limits(connections: int = 100, **seconds: float) -> ConnectionLimits:
    """Return limits of which only those that are named matter."""
    return ConnectionLimits(
        connections=connections, **{"head": LONG, "body": LONG, "answer": LONG, **seconds}
    )


@pytest.mark.parametrize("sent", [b"", HALF_A_HEADER, HALF_A_BODY], ids=["", "header", "body"])
async def test_half_open_connections_make_way(sent: bytes) -> None:
    """Thirty of them do not keep a caller out of a server that has room for four connections."""
    async with bounded_server(limits(4)) as server:
        for _ in range(30):
            await server.called(sent)
        caller = await server.called(get())

        assert (await caller.hears()).startswith(b"HTTP/1.1 200 ")
        await wait_until(lambda: server.connections <= 4, "the others were closed")
        assert server.application.asked == ["/"]


async def test_idle_connections_go_last() -> None:
    """A pool keeps its connections while there are half-open ones that can go."""
    async with bounded_server(limits(3)) as server:
        idle = await server.called(get())
        await idle.hears()
        for _ in range(5):
            await server.called(HALF_A_HEADER)
        await idle.says(get())

        assert (await idle.hears()).endswith(b"ok")


async def test_calls_that_wait_are_never_cut() -> None:
    """Waiting calls and event streams last long. If all are such, the newcomer is refused."""
    async with bounded_server(limits(2, head=0.2, body=0.2)) as server:
        waiting = [await server.called(get("wait")) for _ in range(2)]
        await wait_until(lambda: server.application.asked == ["/wait"] * 2, "both were taken")
        refused = await server.called(get())

        said = await refused.hears_all()
        server.application.go.set()

        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 002" in said
        assert [(await caller.hears())[-2:] for caller in waiting] == [b"ok"] * 2


async def test_headers_have_a_time_limit() -> None:
    """More of a header does not give it more time. Who says nothing hears nothing."""
    async with bounded_server(limits(head=0.3)) as server:
        silent = await server.called()
        slow = await server.called(HALF_A_HEADER)
        dribbling = asyncio.create_task(_dribble(slow))
        again = await server.called(get())
        await again.hears()
        await again.says(HALF_A_HEADER)

        assert await silent.hears_all() == b""
        assert (await slow.hears_all()).startswith(b"HTTP/1.1 408 ")
        assert (await again.hears_all()) == b""
        dribbling.cancel()


async def _dribble(caller: Caller) -> None:
    while not caller.writer.is_closing():
        await caller.says(b"x")
        await asyncio.sleep(0.01)


async def test_bodies_have_a_time_limit() -> None:
    """A body that does not come is refused, and nobody begins to answer half of a short one."""
    async with bounded_server(limits(body=0.2)) as server:
        caller = await server.called(HALF_A_BODY)

        assert (await caller.hears_all()).startswith(b"HTTP/1.1 408 ")
        assert server.application.asked == []


async def test_a_long_body_that_stops_is_refused() -> None:
    """Whoever answers it learns that it does not end."""
    async with bounded_server(limits(body=0.2)) as server:
        caller = await server.called(post("", 1_000_000) + b"x" * 500_000)

        assert (await caller.hears_all()).startswith(b"HTTP/1.1 408 ")
        assert server.application.asked == ["/"]


async def test_time_in_which_the_server_does_not_read_is_not_the_callers() -> None:
    """A body that waits for its place in memory is not taken for one that does not come."""
    async with bounded_server(limits(head=4, body=1.5)) as server:
        # So much comes at once that the server stops reading, however busy the machine is.
        held = await server.called(post("hold", 3_000_000) + b"x" * 200_000)
        sending = asyncio.create_task(held.says(b"x" * 2_800_000))
        clock = await server.called()
        # It is closed after several times as long as a body may pause.
        await clock.hears_all()
        server.application.go.set()

        assert (await held.hears()).endswith(b"ok")
        await sending


async def test_a_refused_body_may_end_but_not_last() -> None:
    """The sender reads the answer, and can use the connection again if the body was short."""
    async with bounded_server(limits()) as server:
        short = await server.called(post("refuse", 1_000_000))
        await short.says(b"x" * 500_000)
        refused = await short.hears()
        await short.says(b"x" * 500_000 + get())
        endless = await server.called(post("refuse", 1_000_000_000) + b"x" * 100_000)
        heard = await endless.hears()
        with pytest.raises(ConnectionError):
            await endless.says_forever()

        assert refused.endswith(b"ok")
        assert (await short.hears()).endswith(b"ok")
        assert heard.endswith(b"ok")


async def test_trailers_are_no_headers() -> None:
    """A token after the body would be taken for one that was there when the caller was checked."""
    async with bounded_server(limits()) as server:
        head = b"POST /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        caller = await server.called(head + b"0\r\nAuthorization: x\r\nConnection: close\r\n\r\n")
        said = await caller.hears()
        said += await caller.reader.readuntil(b"]")

        assert b"chunked" in said
        assert b"authorization" not in said


async def test_a_flood_of_pipelined_requests_is_refused() -> None:
    """Those that were taken before the flood was noticed are a handful."""
    async with bounded_server(limits()) as server:
        caller = await server.called(get() * 5_000)

        await caller.hears_all()
        await wait_until(lambda: server.connections == 0, "the connection was closed")
        assert len(server.application.asked) < 50


async def test_answers_that_nobody_reads_do_not_stay() -> None:
    """A caller that stops reading is left after the limit, and takes no descriptor any longer."""
    async with bounded_server(limits(answer=0.3)) as server:
        await server.called(get("much"))
        await wait_until(lambda: server.application.asked == ["/much"], "it was asked for")

        await wait_until(lambda: server.connections == 0, "the connection was closed")


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ],
    ids=["two lengths", "length and chunks", "negative", "a chunk beyond any number"],
)
async def test_lengths_that_lie_are_refused(head: bytes) -> None:
    """Two readers that disagree on where a request ends would let the next one be smuggled."""
    async with bounded_server(limits()) as server:
        caller = await server.called(head)

        assert b"HTTP/1.1 400 " in await caller.hears_all()


async def test_a_front_answers_beside_half_open_connections(settings: Settings) -> None:
    """The settings reach the server: it has room for eight connections, and thirty are opened."""
    few = settings.model_copy(update={"max_connections": 8})
    async with front_server(few) as url, httpx.AsyncClient(base_url=url) as http:
        address = httpx.URL(url)
        opened = [await asyncio.open_connection(address.host, address.port) for _ in range(30)]
        for _, writer in opened:
            writer.write(HALF_A_HEADER)

        answers = [await http.get("/health") for _ in range(5)]
        for _, writer in opened:
            writer.close()

        assert {answer.status_code for answer in answers} == {200}


async def test_half_open_connections_do_not_take_a_worker_down() -> None:
    """The port of a worker's probes has a limit as well."""
    async with serving(Starlette(), "127.0.0.1", 0) as url, httpx.AsyncClient() as http:
        address = httpx.URL(url)
        opened = [await asyncio.open_connection(address.host, address.port) for _ in range(100)]

        answer = await http.get(url)
        for _, writer in opened:
            writer.close()

        assert answer.status_code == 404
        ended = [reader for reader, _ in opened if reader.at_eof() or reader.exception()]
        assert len(ended) >= 100 - 64


def test_the_limit_leaves_descriptors_for_everything_else() -> None:
    """Without the setting, connections get what the pools and files of a front do not need."""
    assert connections_at_most(7) == 7
    assert 16 <= connections_at_most() <= 10_000
