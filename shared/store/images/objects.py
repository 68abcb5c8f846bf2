"""An object store behind a circuit: S3, or what speaks like it, or a folder."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from shared.image_errors import ImageLost, ImageStoreUnavailable, ImageStoreUnknown
from shared.process.guards.circuit import Circuit
from shared.process.guards.probes import Probes
from shared.process.guards.reports import report
from shared.process.patience import Patience
from shared.store.images.reference import ImageReference

T = TypeVar("T")

# Seconds: how long a probe may take when somebody has waited in vain, and connecting at any time.
_DOUBT, _CONNECTING = 1.0, 2.0
# Objects of one page of a listing, which is as many as S3 lists and deletes at once.
_PAGE = 1_000
# Nothing has a key below this one. To list it is the cheapest question that needs the bucket.
_PROBED = "probe"
_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]+)")


class Listed(NamedTuple):
    """An object as a listing shows it: its key below the prefix, and when it was stored."""

    key: str
    stored_at: datetime


class ObjectStore:
    """The objects below one URL. Nothing is asked twice: whoever is refused asks again later."""

    def __init__(self, url: str, *, endpoint: str | None, timeout: float) -> None:
        """Keep objects below `url`, which is as IMAGE_STORE has it.

        `endpoint` is the URL of the server if it is not Amazon's. Each question has `timeout`
        seconds. The credentials are those of the AWS_* variables.
        """
        self.url = url
        self._endpoint = endpoint
        self._timeout = timeout
        parts = urlsplit(url)
        self._folder = Path(parts.path) if parts.scheme == "file" else None
        if self._folder:
            _make(self._folder)
        self._circuit = Circuit()
        self._circuit.when_changed(report("image_store"))
        self._probes = Probes(self._circuit, self._answers, first=_DOUBT)

    async def put(self, key: str, content: bytes) -> ImageReference:
        """Store an object, and return the reference to it. Raises ImageStoreUnavailable."""

        async def putting() -> None:
            # In parts it would need a further right, and a crash would leave parts that no listing
            # shows.
            await self._store.put_async(key, content, use_multipart=False)
            if self._folder:
                await asyncio.to_thread(_flush, self._folder / key)

        try:
            await self._ask(putting)
        except FileNotFoundError as error:
            # There is no such bucket.
            raise ImageStoreUnavailable from _cause(error)
        return ImageReference(f"{self.url}/{key}", len(content))

    async def get(self, reference: ImageReference) -> bytes:
        """Return the content of an object.

        Raises ImageStoreUnavailable, ImageStoreUnknown, and ImageLost if the object is gone or has
        another size than it was stored with.
        """
        key = self._key(reference.url)

        async def getting() -> bytes:
            return bytes(await (await self._store.get_async(key)).bytes_async())

        try:
            content = await self._ask(getting)
        except FileNotFoundError:
            # A bucket that is gone says the same as an object that is.
            await self.check()
            raise ImageLost from None
        if len(content) != reference.size:
            raise ImageLost
        return content

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, of which some may be gone. Raises ImageStoreUnavailable."""
        for start in range(0, len(keys), _PAGE):
            try:
                await self._ask(partial(self._delete, list(keys[start : start + _PAGE])))
            except FileNotFoundError as error:
                raise ImageStoreUnavailable from _cause(error)

    async def pages(self, folder: str | None = None) -> AsyncIterator[Sequence[Listed]]:
        """Yield the objects of a folder, or all, in pages of up to 1,000.

        Files of which a crash has left a part are among them. Raises ImageStoreUnavailable.
        """
        await self.check()
        if self._folder:
            yield await asyncio.to_thread(_unfinished, self._folder, folder or "")
        listing = self._store.list(folder, chunk_size=_PAGE)
        while True:
            page = await self._ask(lambda: anext(listing, None))
            if page is None:
                return
            yield [Listed(found["path"], found["last_modified"]) for found in page]

    async def check(self) -> None:
        """Ask the store something cheap. Raises ImageStoreUnavailable."""
        await self._ask(self._probe)

    def has(self, url: str) -> bool:
        """Return whether a URL is that of an object of this store."""
        return url.startswith(f"{self.url}/")

    def keys(self, urls: Sequence[str]) -> list[str]:
        """Return the keys of objects of this store. Raises ImageStoreUnknown."""
        return [self._key(url) for url in urls]

    async def close(self) -> None:
        """End the probe that is under way."""
        await self._probes.close()

    def _key(self, url: str) -> str:
        if not self.has(url):
            raise ImageStoreUnknown
        return url.removeprefix(f"{self.url}/")

    async def _delete(self, keys: list[str]) -> None:
        if not self._folder:
            await self._store.delete_async(keys)
            return
        for key in keys:
            await asyncio.to_thread((self._folder / key).unlink, missing_ok=True)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return the answer. Raises ImageStoreUnavailable, at once while the circuit is open, and
        FileNotFoundError."""
        if self._circuit.is_open:
            raise ImageStoreUnavailable from ConnectionError("It did not answer a moment ago.")
        begun = time.monotonic()
        try:
            async with Patience(self._timeout):
                await self._check_folder()
                answer = await question()
        except FileNotFoundError:
            self._circuit.answered()
            raise
        except (BaseError, OSError) as error:
            self._circuit.failed(begun)
            raise ImageStoreUnavailable from _cause(error)
        self._circuit.answered()
        return answer

    async def _answers(self, within: float) -> bool:
        try:
            async with Patience(within):
                await self._check_folder()
                await self._probe()
        except (BaseError, OSError):
            return False
        return True

    async def _probe(self) -> None:
        await anext(self._store.list(_PROBED, chunk_size=1), None)

    @cached_property
    def _store(self) -> LocalStore | S3Store:
        """The client of the library, which for a folder can only be made once that is there."""
        if self._folder:
            return LocalStore(self._folder)
        return _s3(self.url, self._endpoint, self._timeout)

    async def _check_folder(self) -> None:
        """Raise NotADirectoryError if the folder is gone, such as a disk that is not mounted.

        It would seem to be empty, and the library would make it again.
        """
        if self._folder and not await asyncio.to_thread(self._folder.is_dir):
            raise NotADirectoryError


def _make(folder: Path) -> None:
    """Make a folder. If that fails, the store is away until somebody else has made it."""
    with suppress(OSError):
        # Others on this machine have no business with receipts.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _s3(url: str, endpoint: str | None, timeout: float) -> S3Store:
    return S3Store.from_url(
        url,
        config={"endpoint": endpoint} if endpoint else {},
        client_options={
            "allow_http": endpoint is not None and endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=min(_CONNECTING, timeout)),
            "timeout": timedelta(seconds=timeout),
        },
        # With any retries it would take ten times as long to hear that a server is away.
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=timeout)},
    )


def _unfinished(root: Path, folder: str) -> list[Listed]:
    """Return the files that the library has begun to write; its own listing leaves them out."""
    found = []
    for path in (root / folder).rglob("*#*"):
        # It may be finished by now.
        with suppress(FileNotFoundError):
            written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.append(Listed(path.relative_to(root).as_posix(), written_at))
    return found


def _flush(path: Path) -> None:
    """Have a file, its name and that of its folder, which may be new, survive a loss of power."""
    for each in (path, path.parent, path.parent.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cause(error: Exception) -> ConnectionError:
    """Return what may be logged of an error, which quotes requests: its class, and the status."""
    status = _STATUS.search(str(error))
    return ConnectionError(f"{type(error).__name__}{': ' + status[1].strip() if status else ''}")
