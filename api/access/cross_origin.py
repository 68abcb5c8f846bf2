"""Answers browsers that ask whether a web page of another origin may call (CORS)."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api.openapi.headers import HEADERS
from shared.settings import Settings

_METHODS = ("GET", "POST", "DELETE")
# Beside those that need no leave.
_SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
    "X-Tenant-ID",
    "traceparent",
    "tracestate",
)


def install_cross_origin(app: FastAPI, settings: Settings) -> None:
    """Let the pages of CORS_ORIGINS call, and read every header of an answer.

    They send a token as everybody does. Cookies play no part, so browsers need not send any.
    """
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=sorted(HEADERS),
    )
