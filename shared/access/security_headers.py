"""Headers that keep browsers from doing with an answer what it is not for."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# An answer is no page, is shown in no frame, is taken for nothing but what it says it is, and no
# page of another origin loads it. CORS is another matter: browsers ask that first.
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
# What is about jobs stays in no cache.
_API = (*_ALWAYS, (b"cache-control", b"no-store"))


class SecurityHeaders:
    """ASGI middleware that adds these headers to every answer that does not have its own."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = _API if scope["path"].startswith("/api/") else _ALWAYS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                own = {name for name, _ in headers}
                headers += [header for header in added if header[0] not in own]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)
