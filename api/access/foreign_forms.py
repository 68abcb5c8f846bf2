"""Recognises requests that a form on somebody else's web page can have sent.

A browser sends such a request without asking first, with whatever a proxy in front of the service
takes for proof of who calls. For all others it asks, which CORS_ORIGINS answers.
"""

from collections.abc import Collection

from starlette.types import Scope

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a form, or a script that asks nobody, can declare; it can also declare nothing.
_KINDS = frozenset(
    {b"", b"multipart/form-data", b"application/x-www-form-urlencoded", b"text/plain"}
)
_OWN = (b"same-origin", b"none")


def is_foreign_form(scope: Scope, allowed: Collection[bytes]) -> bool:
    """Return whether a page of another origin, none of the allowed ones, can have sent a request.

    Sec-Fetch-Site is the browser's own word, which no proxy changes as it may change the Host.
    """
    if scope["method"] in _READS:
        return False
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() not in _KINDS:
        return False
    origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
    if origin in allowed:
        return False
    if site is not None:
        return site not in _OWN
    host = headers.get(b"host", b"").lower()
    return origin is not None and origin.partition(b"://")[2].lower() != host
