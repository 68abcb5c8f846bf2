"""The bodies of requests: bounded before they are parsed, and large ones parsed off the loop.

A call has a largest size (`max_body_size` of its router), and a largest number of values (the class
of its route). Only images may be longer than a megabyte in calls that take them.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from api.requests.encoded_image import EncodedImage
from api.requests.json_text import parse
from api.requests.places import Place, Places
from shared.errors import Busy
from shared.rejections import MalformedBody, RequestTooLarge

T = TypeVar("T")

# Bytes of a body without images, and of what surrounds an image.
LARGEST_TEXT = 1_000_000
# Bytes of a body that needs no place in memory. The server has as many before it asks us.
_SMALL = 65_536
# Bodies of more than a megabyte that may be in memory at the same time, and others.
_LARGE_PLACES, _OTHER_PLACES = 8, 64
# Bytes from which on a body is read by a thread. A smaller one takes a few milliseconds.
LARGE = 100_000
# The parser holds the interpreter, so more threads would only delay the event loop.
_THREADS = 2
# As many digits of a length as any number of bytes has.
_DIGITS = 20
# What `body` returns of one that was parsed, so that it is not kept until the answer.
_PARSED = b" "


class LargeBodies:
    """What the large bodies of a front share: its memory, and the threads that read them."""

    def __init__(self) -> None:
        self.places = Places(_LARGE_PLACES)
        self.other_places = Places(_OTHER_PLACES)
        self._threads = ThreadPoolExecutor(_THREADS, "bodies")

    async def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Have a thread do what would hold up the event loop for too long."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)


class BodyRequest(Request):
    """A request whose body is bounded."""

    def __init__(
        self, scope: Scope, receive: Receive, *, most_values: int, takes_image: bool
    ) -> None:
        super().__init__(scope, self._receive_in_time)
        self._from_server = receive
        self._most_values = most_values
        self._takes_image = takes_image
        self.is_large = False
        self._received: bytearray | None = None
        self._place: Place | None = None
        self._image: bytes | EncodedImage | None = None

    @property
    def large_bodies(self) -> LargeBodies:
        """What this request shares with others of its front."""
        bodies: LargeBodies = self.app.state.front.large_bodies
        return bodies

    @property
    def kind(self) -> str:
        """The content type in small letters, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether FastAPI takes a body of this content type for JSON."""
        kind = self.kind
        application = kind.startswith("application/")
        return application and (kind == "application/json" or kind.endswith("+json"))

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body, unless it is small once it has a place in memory. Raises Busy."""
        declared = self.headers.get("content-length", "")
        # A server refuses numbers that are too long for Python, but not every server is ours.
        await self._take_place(int(declared[:_DIGITS]) if declared.isdecimal() else 0)
        received = 0
        async for chunk in super().stream():
            received += len(chunk)
            await self._take_place(received)
            yield chunk

    async def body(self) -> bytes:
        """Return the body, or a stand-in if it was parsed. Raises RequestTooLarge and Busy."""
        if not hasattr(self, "_body"):
            self._body = bytes(await self._read())
        return self._body

    async def json(self) -> Any:
        """Return the value of the body.

        An image is replaced by its marker, and can be taken. Raises RequestTooLarge,
        MalformedBody, Busy, and RequestValidationError if the body is not JSON.
        """
        if not hasattr(self, "_json"):
            body = await self._read()
            self.is_large = len(body) > LARGE
            self._json, self._image = await self.apart(self._parse, body)
            self._body = _PARSED
        return self._json

    async def json_or_nothing(self) -> None:
        """Parse the body, unless it is empty or no JSON. Raises what `json` raises."""
        if not self.is_json:
            return
        self._received = await self._read()
        if self._received:
            await self.json()

    async def apart(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do something with the value of the body, apart from the event loop if it is large."""
        if not self.is_large:
            return work(*arguments)
        return await self.large_bodies.read(work, *arguments)

    def keep_image(self, image: bytes) -> None:
        """Keep an image that came as a file, until it is taken."""
        self._image = image

    def take_image(self) -> bytes | EncodedImage | None:
        """Return the image, which this request then does not keep in memory any longer."""
        image, self._image = self._image, None
        return image

    def leave_place(self) -> None:
        """Make room for another large body: this one is stored, or refused."""
        if self._place is not None:
            self._place.give_back()

    async def _take_place(self, size: int) -> None:
        """Wait for a place for a body of so many bytes, or more. Raises Busy."""
        bodies = self.large_bodies
        if size <= _SMALL:
            return
        places = bodies.places if size > LARGEST_TEXT else bodies.other_places
        before = self._place
        if before is None or before.of not in (places, bodies.places):
            self._place = await places.take(self.state.caller.name)
            if before is not None:
                before.give_back()

    async def _receive_in_time(self) -> Message:
        """Return what the server has received. Raises Busy if others should have the place."""
        if (place := self._place) is None:
            return await self._from_server()
        try:
            async with asyncio.timeout(None) as limit:
                with place.receiving(limit):
                    message = await self._from_server()
        except TimeoutError:
            raise Busy("The body came too slowly, while others waited to send theirs.") from None
        place.count(len(message.get("body", b"")))
        return message

    async def _read(self) -> bytearray:
        """Return the body. One that is too large for its call is refused while it arrives."""
        if (received := self._received) is not None:
            self._received = None
            return received
        body = bytearray(getattr(self, "_body", b""))
        looked = False
        async for chunk in self.stream():
            body += chunk
            if self._takes_image and not looked and len(body) > LARGEST_TEXT:
                looked = True
                if not EncodedImage.may_be_in(body):
                    raise _only_an_image()
        return body

    def _parse(self, body: bytearray) -> tuple[Any, EncodedImage | None]:
        if self._takes_image and len(body) > LARGE and (image := EncodedImage.found_in(body)):
            rest = image.remainder()
            _refuse_long_text(rest)
            value = parse(rest, self._most_values)
            if image.belongs_to(value):
                return value, image
        if self._takes_image:
            _refuse_long_text(body)
        return parse(body, self._most_values), None


class BodyRoute(APIRoute):
    """A route that reads bodies as described above.

    `most_values` is how many values a body may have, and `takes_image` whether it may hold one.
    """

    most_values: ClassVar[int] = 20_000
    takes_image: ClassVar[bool] = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()
        if self.body_field is None and not (self.takes_image and "POST" in (self.methods or ())):
            return handle

        async def answer(http: Request) -> Response:
            request = BodyRequest(
                http.scope,
                http.receive,
                most_values=self.most_values,
                takes_image=self.takes_image,
            )
            try:
                # The framework would take its errors for those of a broken body.
                if self.body_field is not None:
                    await request.json_or_nothing()
                return await handle(request)
            except ClientDisconnect as error:
                # Nobody reads this. The caller went, or was too slow.
                raise MalformedBody("The body did not end.") from error
            finally:
                request.leave_place()

        return answer


class ImageRoute(BodyRoute):
    """A route that takes an image."""

    takes_image = True


def _refuse_long_text(text: bytes | bytearray) -> None:
    if len(text) > LARGEST_TEXT:
        raise _only_an_image()


def _only_an_image() -> RequestTooLarge:
    return RequestTooLarge(f"Only an image may have more than {LARGEST_TEXT / 1e6:g} MB.")
