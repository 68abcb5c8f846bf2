"""Many large uploads at once: all are taken, in turn, and everybody else is served meanwhile."""

import asyncio
import base64
import json
import os

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from api.front import Front
from api.requests.places import Places
from shared.errors import Busy
from shared.settings import Settings
from shared.store.models import JobImage
from shared.store.postgres.database import Database
from tests.api.bad_input.asking import JOBS, RICH, b64, item_job, receipt_job
from tests.support.fronts import front_server
from tests.support.waiting import wait_until

# The header of a PNG of one pixel, which is all that a front reads of it.
_HEADER = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
)
LARGE = 1_000_001


def image(size: int) -> bytes:
    """Return an image of so many bytes that is like no other."""
    return _HEADER + os.urandom(size - len(_HEADER))


async def images(database: Database) -> set[bytes]:
    """Return the images that are stored."""
    async with database.transaction() as session:
        return {bytes(each or b"") for each in await session.scalars(select(JobImage.content))}


async def upload(http: httpx.AsyncClient, content: bytes, *, form: bool) -> httpx.Response:
    """Send an image as JSON or as a form. Without a worker, the form's call does not wait."""
    if form:
        return await http.post(RICH, data={"tenant_id": "t"}, files={"file": content})
    return await http.post(JOBS, json=receipt_job(b64(content)))


async def test_all_of_many_uploads_are_stored(
    http: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    """Uploads wait for Postgres and for places, and an item beside them does not."""
    front: Front = app.state.front
    sent = [image(LARGE) for _ in range(24)]
    async with database.transaction() as session:
        await session.execute(text("LOCK TABLE job_images"))
        uploading = [
            asyncio.create_task(upload(http, content, form=number % 2 == 0))
            for number, content in enumerate(sent)
        ]
        await wait_until(lambda: front.large_bodies.places.waiting == 16, "places were taken")
        beside = await http.post(
            JOBS, json={**item_job(item_name="M"), "feature": "categorization"}
        )
    answers = await asyncio.gather(*uploading)

    assert beside.status_code == 202
    assert [answer.status_code for answer in answers] == [503, 202] * 12
    assert {answer.json()["error"] for answer in answers[::2]} == {"no_worker"}
    assert await images(database) == set(sent)
    assert front.large_bodies.places.taken == 0


def _as_json(content: bytes) -> str:
    return json.dumps(receipt_job(b64(content)))


@pytest.mark.parametrize("size", [1_000, LARGE])
@pytest.mark.parametrize("way", ["plain", "data URL", "escaped slashes", "lines", "white space"])
async def test_an_image_arrives_as_it_was_sent(
    http: httpx.AsyncClient, database: Database, size: int, way: str
) -> None:
    """Base64 may be written in several ways, all of which were taken before images were cut out."""
    content = image(size)
    encoded = b64(content)
    body = {
        "plain": lambda: json.dumps(receipt_job(encoded)),
        "data URL": lambda: json.dumps(receipt_job(f"data:image/png;base64,{encoded}")),
        "escaped slashes": lambda: json.dumps(receipt_job(encoded)).replace("/", "\\/"),
        "lines": lambda: json.dumps(receipt_job(base64.encodebytes(content).decode())),
        "white space": lambda: json.dumps(receipt_job(f" {encoded} ")),
    }[way]()
    answer = await http.post(JOBS, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 202, answer.text
    assert await images(database) == {content}


@pytest.mark.parametrize(
    ("text_", "status", "code"),
    [
        ("A" * 13_400_000, 413, "image_too_large"),
        ("A" * 200_000 + "!", 422, "image_not_base64"),
        # Padding at the end of a piece, after which more comes.
        ("A" * (2**20 - 2) + "==" + "A" * 200_000, 422, "image_not_base64"),
        ("A" * 200_001, 422, "image_not_base64"),
        ("ü" * 200_000, 422, "image_not_base64"),
        ("\\ud800" * 50_000, 422, "image_not_base64"),
        ('\\"' * 100_000, 422, "image_not_base64"),
        ("data:image/png;base64" + "A" * 200_000, 422, "image_empty"),
    ],
    ids=["large", "sign", "padding", "length", "letters", "half a letter", "quotes", "no comma"],
)
async def test_texts_that_are_no_image_are_refused(
    http: httpx.AsyncClient, text_: str, status: int, code: str
) -> None:
    """What is decoded in pieces is refused as what is decoded in one."""
    body = json.dumps(receipt_job("IMAGE")).replace("IMAGE", text_).encode()
    answer = await http.post(JOBS, content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_places_are_given_in_order() -> None:
    """Whoever gives a place back twice frees one only."""
    places = Places(1)
    first = await places.take("a")
    order: list[int] = []

    async def take(number: int) -> None:
        place = await places.take("a")
        order.append(number)
        place.give_back()
        place.give_back()

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(take(number))
        await wait_until(lambda: places.waiting == 5, "all waited")
        first.give_back()

    assert order == list(range(5))
    assert (places.taken, places.waiting) == (0, 0)


async def test_too_many_uploads_are_refused_at_once() -> None:
    """The answer says after how long those before them have their places."""
    places = Places(1, waiting=3, longest=0.2)
    await places.take("a")
    waiting = [asyncio.create_task(places.take("a")) for _ in range(3)]
    await wait_until(lambda: places.waiting == 3, "all waited")

    with pytest.raises(Busy) as refused:
        await places.take("a")
    ended = await asyncio.gather(*waiting, return_exceptions=True)

    assert refused.value.retry_after == 2
    assert [type(each) for each in ended] == [Busy] * 3


async def test_whoever_has_the_fewest_places_comes_first() -> None:
    """Many bodies of one caller keep another one waiting for no more than one of them."""
    places = Places(4, waiting=6)
    held = [await places.take("many") for _ in range(4)]
    waiting = [asyncio.create_task(places.take("many")) for _ in range(6)]
    await wait_until(lambda: places.waiting == 6, "all waited")
    other = asyncio.create_task(places.take("other"))
    await wait_until(lambda: any(each.done() for each in waiting), "one of them was refused")

    held[0].give_back()
    (await other).give_back()

    assert [type(each.exception()) for each in waiting if each.done()] == [Busy]
    held[1].give_back()
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for kept in held:
        kept.give_back()
    assert (places.taken, places.waiting) == (0, 0)


@pytest.mark.parametrize(("length", "places"), [(10_000_000, 8), (500_000, 64)])
async def test_bodies_that_do_not_come_make_way(
    settings: Settings, length: int, places: int
) -> None:
    """Whoever has a place and sends nothing loses it to whoever sends: it takes seconds."""
    async with front_server(settings) as url, httpx.AsyncClient(base_url=url) as http:
        address = httpx.URL(url)
        head = f"POST {JOBS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        opened = [await asyncio.open_connection(address.host, address.port) for _ in range(places)]
        for _, writer in opened:
            writer.write(head.encode() + b'{"image_base64": "' + b"A" * 100_000)
            await writer.drain()
        answer = await http.post(
            JOBS, json=receipt_job(b64(image(length * 3 // 4 - 10_000))), timeout=15
        )
        ended = await opened[0][0].read(12)
        for _, writer in opened:
            writer.close()

        assert answer.status_code == 202, answer.text
        assert ended == b"HTTP/1.1 503"
